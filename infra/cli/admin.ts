import { randomInt } from "node:crypto";
import { writeWhole } from "../../components/files";
import { execute, findPod, Pod } from "./site/pod";
import { standingStack } from "./site/stack";
import { wordPressOf } from "./stack/wordpress";
import { stackFile } from "./stack/home";
import { Terminal } from "./terminal";
import { UserError } from "./terminal/errors";
import { flag, parseCommand, place, stackOption, text } from "./terminal/options";

const usage = `Usage: npm run admin -- users
       npm run admin -- password [USER] [--stdin | --file FILE]
       npm run admin -- user NAME --email ADDRESS [--role ROLE] [--stdin | --file FILE]

Looks after the accounts of a stack's site, where no mail can: lists them, sets a new password, adds a user. It works in a
web pod, by the stack's kubeconfig. A new password is made up and printed once.

  USER               login name or e-mail address (default: the stack's administrator)
  --role ROLE        administrator, editor (default), author, contributor, subscriber, or one of a plugin's
  --stdin            take the password from the first line of standard input; Windows PowerShell passes on only ASCII
  --file FILE        write the password to a new file that only you can read, instead of printing it
  --stack NAME       the stack of Pulumi.NAME.yaml (default: dev)
  --kubeconfig FILE  reach the cluster by this file
  --help             this text
`;

const passwordLength = 20;
const letters = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const leastPassword = 12;

/** An account of the site. */
export interface User {
    login: string;
    email: string;
    roles: string[];
}

/** A request to infra/images/web/bin/manage-users. */
export type Request =
    | { action: "users" }
    | { action: "password"; user: string; password: string }
    | { action: "user"; user: string; email: string; role: string; password: string };

const options = { email: text, role: text, stack: text, kubeconfig: place, file: place, stdin: flag };

/** The command `npm run admin`. */
export async function main(argv: string[]): Promise<number> {
    const { values, positionals: [action, name, ...more] } = parseCommand(argv, options, usage);
    const terminal = new Terminal();
    if (values.help || action === undefined) {
        terminal.line(usage.trimEnd());
        return values.help ? 0 : 1;
    }
    if (!["users", "password", "user"].includes(action) || more.length > 0 || (action === "users" && name !== undefined)) {
        throw new UserError(`"${[action, name, ...more].filter(Boolean).join(" ")}" isn't an action of this command.\n\n${usage}`);
    }
    if (action === "user" && (name === undefined || values.email === undefined)) {
        throw new UserError(`A new user needs a name and --email, for example:\n  npm run admin -- user jane --email jane@example.com`);
    }
    const stack = await standingStack(stackOption(values.stack), values.kubeconfig, terminal);
    const { user: administrator } = wordPressOf(stack.settings, stack.name, "admin").admin;
    const pod = await findPod(stack.kubeconfig, stack.settings.environment.name, "web");
    if (action === "users") {
        terminal.line(table((await ask(pod, { action })).users ?? []));
        return 0;
    }
    const user = name ?? administrator;
    const password = values.stdin ? await fromInput() : madeUp();
    // Checked before any change: a password that nobody can be given is useless.
    const file = values.file === undefined ? undefined : reserve(values.file);
    const { login } = await ask(pod, action === "password"
        ? { action, user, password }
        : { action: "user", user, email: values.email ?? "", role: values.role ?? "editor", password });
    terminal.line(action === "password" ? `${login} has a new password, and is logged out everywhere.` : `${login} is a new ${values.role ?? "editor"} of the site.`);
    if (file) writeWhole(file, `${password}\n`);
    terminal.line(values.stdin ? "The password is the one that was given." : file ? `The password is in ${file}.` : `Password: ${password}`);
    if (action === "password" && login === administrator) {
        terminal.line(
            `The stack's own password (landfall:adminPassword, ${stackFile(stack.name, "admin-password")}) is for the site's ` +
                "installation: it no longer logs in, and stays as it is.",
        );
    }
    return 0;
}

/** A random password of unambiguous letters and digits, about 115 bits. */
function madeUp(): string {
    return Array.from({ length: passwordLength }, () => letters[randomInt(letters.length)]).join("");
}

async function fromInput(): Promise<string> {
    let text = "";
    process.stdin.setEncoding("utf8");
    for await (const piece of process.stdin) {
        text += piece as string;
        if (text.includes("\n")) break;
    }
    const [password] = text.split(/\r?\n/);
    if (password.length >= leastPassword && password === password.trim() && !/[\u0000-\u001f\u007f]/.test(password)) return password;
    throw new UserError(
        `The password on standard input must have at least ${leastPassword} characters, none of them a control character, and no ` +
            "space at its ends. Nothing was changed.",
    );
}

function reserve(file: string): string {
    try {
        writeWhole(file, "");
        return file;
    } catch (error) {
        throw new UserError(`--file ${file} can't be written: ${(error as Error).message}. Nothing was changed.`);
    }
}

interface Answer {
    users?: User[];
    login?: string;
}

/** Runs manage-users in the pod. The request contains a password, so it is passed on standard input. */
export async function ask(pod: Pod, request: Request): Promise<Answer> {
    const { code, stdout, stderr } = await execute(pod, ["manage-users"], { input: [Buffer.from(`${JSON.stringify(request)}\n`)] });
    const answer = /^landfall:(\{.*\})$/m.exec(stdout)?.[1];
    if (code === 0 && answer) return JSON.parse(answer) as Answer;
    throw new UserError(`${stderr.trim() || `manage-users ended with code ${code}`}\nNothing was changed.`);
}

function table(users: User[]): string {
    const lines = [["login", "e-mail", "role"], ...users.map(({ login, email, roles }) => [login, email, roles.join(", ") || "none"])];
    const widths = [0, 1].map(column => Math.max(...lines.map(line => line[column].length)));
    return lines.map(([login, email, roles]) => `${login.padEnd(widths[0])}  ${email.padEnd(widths[1])}  ${roles}`).join("\n");
}
