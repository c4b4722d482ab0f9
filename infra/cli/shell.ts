import type { Readable, Writable } from "node:stream";
import { connect, readKubeconfig, send } from "../../components/cluster/kubernetes-api";
import { unreachable } from "./status/collect";
import { explainSilence, type Running, runningStack, stackOptions } from "./status/command";
import { clean, list, text } from "./status/fields";
import { isDeleting, isReady, nameOf } from "./status/objects";
import { kindOf } from "../services/limits";
import { readSettings, stackConfigFile } from "./stack/config";
import { partsOf } from "./stack/parts";
import { UserError } from "./terminal/errors";
import { parseCommand, quoted, stackOption } from "./terminal/options";

const usage = `Usage: npm run shell [-- PART] [OPTIONS]

Opens a terminal in a running pod, to look around.

  web                a shell in a web pod (default); of a stack of services, a service's name
  database           MariaDB's client in the database's pod, logged in as the administrator
  --stack NAME       the stack of Pulumi.NAME.yaml (default: dev)
  --kubeconfig FILE  reach the cluster by this file
  --help             this text
`;

interface Place {
    command: string[];
    notice: string;
}

const shell = ["sh", "-c", "command -v bash >/dev/null && exec bash; exec sh"];
const readOnly = "The image is read-only. What you write to /tmp is lost with the pod, and other pods don't see it.";

/** What is started in each part's pod, and what its user has to know. */
const places: Record<string, Place> = {
    web: { command: shell, notice: `${readOnly}\nwp-content/uploads is the site's own volume, which all pods share: changes there stay.` },
    service: { command: shell, notice: `${readOnly}\nChanges in its volumes, if it has any, stay.` },
    database: {
        // The server knows its own administrator over the socket, without a password. What is typed isn't kept in the pod.
        command: ["sh", "-c", "MYSQL_HISTFILE=/dev/null MARIADB_HISTFILE=/dev/null exec mariadb \"${MARIADB_DATABASE:-}\""],
        notice: "You are the database's administrator: statements change the site's data at once, and can't be undone.\n"
            + "START TRANSACTION; … ROLLBACK; tries something. To leave: exit",
    },
};

/** A terminal, as much of it as is used. */
export interface Tty {
    input: Readable & { isTTY?: boolean; setRawMode?(raw: boolean): unknown };
    output: Writable & { isTTY?: boolean };
}

/** The command `npm run shell`. */
export async function main(argv: string[], tty: Tty = { input: process.stdin, output: process.stdout }): Promise<number> {
    const { values, positionals: [given, ...more] } = parseCommand(argv, stackOptions, usage);
    if (values.help) {
        process.stdout.write(usage);
        return 0;
    }
    const name = stackOption(values.stack);
    const settings = readSettings(name, stackConfigFile(name));
    const known = Object.entries(partsOf(settings)).filter(([, { ends, namespace }]) => !ends && namespace === settings.environment.name).map(([each]) => each);
    const part = given ?? known[0];
    if (!known.includes(part) || more.length > 0) {
        throw new UserError(`"${[part, ...more].join(" ")}" has no shell; there are ${known.join(" and ")}.\n\n${usage}`);
    }
    const place = places[part === "database" ? part : settings.app.type === "wordpress" ? "web" : "service"];
    const stack = await runningStack(values);
    if (!tty.input.isTTY || !tty.output.isTTY) throw new UserError(withoutTerminal(stack, part));
    const namespace = stack.settings.environment.name;
    const pod = await readyPod(stack, namespace, part);
    tty.output.write(`${pod} in ${namespace}. ${place.notice}\n`);
    return runIn({ kubeconfig: stack.kubeconfig, namespace, pod, container: part }, place.command, tty);
}

function withoutTerminal({ command, file, settings }: Running, part: string): string {
    const { app } = settings;
    const isStateful = app.type === "services" && part in app.services && kindOf(app.services[part]) === "stateful";
    const target = part === "database" ? `statefulset/database -- mariadb --execute ${quoted("SHOW TABLES")} ${app.type === "wordpress" ? "wordpress" : "app"}`
        : `${isStateful ? "statefulset" : "deployment"}/${part} -- COMMAND`;
    const more = app.type === "wordpress" ? `For accounts: ${command("admin")}; for a dump: ${command("site", "export", "DIRECTORY")}; for` : "For";
    return "A shell needs a terminal, and there is none: standard input or output is a file or a pipe.\n"
        + `For scripts: kubectl --kubeconfig ${quoted(file ?? "FILE")} -n ${settings.environment.name} exec -i ${target}\n`
        + `${more} logs: ${command("logs", part)}`;
}

/** The name of a pod that gets requests and is about to stay. */
async function readyPod(stack: Running, namespace: string, part: string): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent(`app.kubernetes.io/name=${part}`)}`;
    const { items } = await connect(stack.kubeconfig).then(connection => send(connection, "GET", path, { seconds: 20 }))
        .catch((error: Error) => { throw explainSilence(unreachable(error), stack, "list pods and to create pods/exec"); });
    const pod = list({ items }, "items").find(each => isReady(each) && !isDeleting(each));
    if (pod) return nameOf(pod);
    throw new UserError(`No pod of ${part} is ready in the namespace ${namespace}. What is the matter: ${stack.command("status")}\n`
        + `What it wrote: ${stack.command("logs", part)}`);
}

/** Connects the terminal with a program in a container until that ends; returns its exit code. */
export async function runIn(
    { kubeconfig, namespace, pod, container }: { kubeconfig: string; namespace: string; pod: string; container: string },
    command: string[], { input, output }: Tty,
): Promise<number> {
    const [config, { Exec }] = await Promise.all([readKubeconfig(kubeconfig), import("@kubernetes/client-node/dist/exec.js")]);
    try {
        return await new Promise<number>((resolve, reject) => {
            const ended = (status: object): void => {
                const code = text(list(status, "details", "causes").find(cause => text(cause, "reason") === "ExitCode"), "message");
                if (text(status, "status") === "Success") resolve(0);
                else if (code !== "") resolve(Number(code));
                else reject(new UserError(`${pod} can't run it: ${text(status, "message") || "no reason given"}`));
            };
            new Exec(config).exec(namespace, pod, container, command, output, null, input, true, ended).then(socket => {
                // Until here Ctrl-C ends the command; from now on it is the program's.
                input.setRawMode?.(true);
                const events = socket as unknown as { on(event: "close" | "error", listener: (error: Error) => void): void };
                events.on("error", error => reject(new UserError(`The connection to ${pod} broke off: ${clean(error.message)}`)));
                events.on("close", () => reject(new UserError(`The connection to ${pod} broke off. Was the pod replaced? Run the command again.`)));
            }, (error: unknown) => reject(refused(pod, error)));
        });
    } finally {
        input.setRawMode?.(false);
        input.pause();
    }
}

function refused(pod: string, error: unknown): UserError {
    const message = clean((error as { message?: string }).message ?? String(error));
    return new UserError(/40[13]/.test(message)
        ? `The cluster refuses a shell in ${pod} (${message}): the kubeconfig's user needs the right to create pods/exec.`
        : `No shell could be opened in ${pod}: ${message || "the connection failed"}`);
}
