// Tasks, and the script that runs a list of them on a machine.
import type { ClusterFacts } from "../program/facts";
import { patiently } from "./packages";

/** One step on a machine. */
export interface Task {
    /** What a list of steps shows, and what an error names. */
    name: string;
    /** Bash. It checks what is already done, so every task can run again. */
    script: string;
}

/** Joins lines of bash into a task. */
export function task(name: string, ...lines: (string | string[])[]): Task {
    return { name, script: lines.flat().join("\n") };
}

/**
 * Renders tasks as one script for `bash -s`. Everything is in a function, so bash reads the whole script before a task can
 * consume its standard input. `values` become shell variables: secrets and what else exists for one run only. Scripts take
 * turns on a machine, except one that only `looks`.
 */
export function renderScript(tasks: Task[], values: Record<string, string> = {}, { looks = false } = {}): string {
    const variables = Object.entries(values).map(([name, value]) => `${name}=${shellQuote(value)}`);
    return [
        "main() {",
        prelude,
        ...(tasks.some(({ script }) => /\bpatiently /.test(script)) ? [patiently] : []),
        ...(looks ? [] : [alone]),
        ...variables,
        ...tasks.map(({ name, script }) => `\nbegin ${shellQuote(name)}\n${script}`),
        "}",
        "main </dev/null",
        "",
    ].join("\n");
}

const prelude = `set -euo pipefail
umask 022
export LC_ALL=C DEBIAN_FRONTEND=noninteractive PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export KUBECONFIG=/etc/kubernetes/admin.conf KUBECACHEDIR=/run/landfall-kubectl
begin() { task=$1; }
trap 'code=$?; [ "$code" -eq 0 ] || echo "landfall: failed: $task" >&2' EXIT`;

const alone = `begin 'Wait for another run on this machine'
exec 9>/run/landfall.lock
flock --wait 600 9`;

/** Quotes a value as one word of bash. */
export function shellQuote(value: string): string {
    return `'${value.replaceAll("'", `'\\''`)}'`;
}

/** Returns a fact that is optional because only some nodes or operations need it; fails if it is missing. */
export function given<T>(value: T | undefined, name: keyof ClusterFacts): T {
    if (value === undefined) throw new Error(`The cluster's facts lack ${name}, which this script needs.`);
    return value;
}

/** Bash that replaces a file atomically, and sets `changed=1` if the content differed. */
export function writeFile(file: string, content: string, { mode = "0644" } = {}): string {
    const mark = "LANDFALL_END";
    return `install -d "$(dirname ${file})"
cat > ${file}.landfall <<'${mark}'
${content.trimEnd()}
${mark}
chmod ${mode} ${file}.landfall
if cmp -s ${file}.landfall ${file}; then rm ${file}.landfall; else mv ${file}.landfall ${file}; changed=1; fi`;
}

/** A program that systemd runs on a machine. */
interface Unit {
    /** Name of the unit, without its suffix. */
    name: string;
    description: string;
    /** Path of the program. */
    file: string;
    /** Text of the program. */
    program: string;
}

/** Runs a program as a systemd service, and restarts it if its text has changed. */
export function serviceTask(title: string, { name, description, file, program }: Unit): Task {
    return task(title,
        `changed=`,
        writeFile(file, program, { mode: "0755" }),
        writeFile(`/etc/systemd/system/${name}.service`, `[Unit]
Description=${description}
After=network-online.target

[Service]
ExecStart=${file}
Restart=always
RestartSec=5

[Install]
WantedBy=multi-user.target`),
        `systemctl daemon-reload`,
        `systemctl enable --quiet ${name}`,
        `if [ -n "$changed" ]; then systemctl restart ${name}; else systemctl start ${name}; fi`);
}

/**
 * Runs a program on a systemd timer, in turn with other scripts. `when` has the timer's lines; `before` is bash that runs
 * first.
 */
export function timerTask(
    title: string, { name, description, file, program, when }: Unit & { when: string[] }, ...before: string[]
): Task {
    return task(title,
        ...before,
        `changed=`,
        writeFile(file, program, { mode: "0755" }),
        writeFile(`/etc/systemd/system/${name}.service`, `[Unit]
Description=${description}

[Service]
Type=oneshot
# A program that hangs, as on a lost file system, must not block others.
TimeoutStartSec=30min
ExecStart=/usr/bin/flock --wait 3600 /run/landfall.lock ${file}`),
        writeFile(`/etc/systemd/system/${name}.timer`, `[Unit]
Description=${description}, from time to time

[Timer]
${when.join("\n")}
Persistent=true

[Install]
WantedBy=timers.target`),
        `systemctl daemon-reload`,
        `systemctl enable --quiet ${name}.timer`,
        `if [ -n "$changed" ]; then systemctl restart ${name}.timer; else systemctl start ${name}.timer; fi`);
}

/** Bash that removes a timer and its program. */
export function removeTimer({ name, file }: Pick<Unit, "name" | "file">): string[] {
    return [
        `systemctl disable --quiet --now ${name}.timer 2>/dev/null || true`,
        `rm -f /etc/systemd/system/${name}.{service,timer} /var/lib/systemd/timers/stamp-${name}.timer ${file}`,
    ];
}
