import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { onTestFinished } from "vitest";

interface Told {
    status: number | null;
    stdout: string;
    stderr: string;
    /** The calls of the programs that are stood in for, such as `kubectl cordon one`; those of etcdctl without their container. */
    calls: string[];
}

/** What a machine's programs print, as lines of bash that see the arguments as `$*`; one without any says nothing. */
export type Answers = Partial<Record<typeof programs[number], string>>;

const programs = ["kubectl", "kubeadm", "etcdctl", "crictl", "systemctl", "systemd-analyze", "curl", "openssl", "nft", "restic",
    "ctr", "kubelet", "findmnt", "df", "sleep", "timeout", "dpkg-query"] as const;

/** Of crictl's containers etcdctl is a program of its own. */
const crictl = `if [ "$1" = exec ]; then shift 11; exec etcdctl "$@"; fi
if [ "$1" = ps ]; then echo "container of $*"; fi`;

/** A machine for one test. */
export function onMachine(answers: Answers = {}): StandIn {
    const machine = new StandIn(answers);
    onTestFinished(() => fs.rmSync(machine.directory, { recursive: true, force: true }));
    return machine;
}

/** Stands in for a machine, whose files and programs are in a directory: only what can't harm this computer may run there. */
export class StandIn {
    readonly directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-machine-"));

    constructor(readonly answers: Answers = {}) {
        for (const directory of ["bin", "run", "var/lib/landfall", "var/log", "etc/kubernetes/pki/etcd"]) {
            fs.mkdirSync(path.join(this.directory, directory), { recursive: true });
        }
    }

    write(file: string, text: string): this {
        fs.mkdirSync(path.dirname(this.at(file)), { recursive: true });
        fs.writeFileSync(this.at(file), text);
        return this;
    }

    /** A file's text; undefined where there is none. */
    read(file: string): string | undefined {
        return fs.existsSync(this.at(file)) ? fs.readFileSync(this.at(file), "utf8") : undefined;
    }

    run(script: string): Told {
        const log = path.join(this.directory, "calls");
        fs.writeFileSync(log, "");
        for (const program of programs) {
            const lines = this.answers[program] ?? (program === "crictl" ? crictl : "");
            fs.writeFileSync(path.join(this.directory, "bin", program), `#!/bin/bash\necho "${program} $*" >> ${log}\n${lines}\n`, { mode: 0o755 });
        }
        const within = script.replace(/(?<![\w}])\/(etc|run|var\/lib|var\/log)\//g, `${this.directory}/$1/`)
            .replace(/ PATH=\S+/g, ` PATH=${path.join(this.directory, "bin")}:/usr/bin:/bin`);
        const { status, stdout, stderr } = spawnSync("bash", ["-s"], { input: within, encoding: "utf8" });
        const calls = fs.readFileSync(log, "utf8").split("\n").filter(line => line && !/^(sleep|crictl (exec|ps)) /.test(line));
        return { status, stdout, stderr, calls };
    }

    private at(file: string): string {
        return path.join(this.directory, file);
    }
}
