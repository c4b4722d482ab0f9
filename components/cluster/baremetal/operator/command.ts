// Runs a program, and separates what a command on a machine answers from everything else on its connection: the output of a
// login shell's start files, of sudo, of a banner, of a program in the background.
import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { randomBytes } from "node:crypto";

import { withoutSecrets } from "../../scripts/process";
import { shellQuote } from "../machine/script";

/** A program's output so far. */
export interface Output {
    stdout: string;
    stderr: string;
}

/** How a command on a machine ended. If it didn't answer, `stdout` is empty and `noise` has the output instead. */
export interface Answer extends Output {
    ok: boolean;
    code: number;
    /** Whether the command was started. */
    began: boolean;
    /** Whether its answer came completely. */
    whole: boolean;
    noise: string;
}

/** One run of a command. */
interface Framed {
    /** The command line for the login shell. */
    command: string;
    /** The text for its standard input, if it is a script. */
    script(text: string): string;
    /** Whether the answer is complete, even if the connection stays open. */
    isOver(output: Output): boolean;
    read(output: Output & { code: number }): Answer;
}

/** Markers around the answer, new for every run. */
interface Markers {
    begin: string;
    end: string;
    answered: RegExp;
}

/**
 * Runs `$3`, and prints its exit code and its answer between the markers. The answer is in base64 and has its length, so other
 * output can't be taken for it or get into it. Standard error is between markers too. Neither bash nor its children read start
 * files (--norc, and -p for those that the environment names).
 */
const frame = [
    "unset BASH_ENV ENV", "export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "set -o pipefail", 'echo "$1$2" >&2', 'answer=$(eval "$3" | base64 --wrap=0)', "code=$?",
    'echo "$2$1" >&2', 'echo "$1$2 $code ${#answer} $answer $2$1"',
].join("; ");

/** Runs nothing before the whole script has arrived, because a start file may have read its beginning. */
const whole = 'script=$(cat); case "$script" in "# $1$2"*"# $2$1") eval "$script" </dev/null ;; ' +
    '*) echo "The script did not arrive whole: a file that the login shell reads at its start (such as ~/.bashrc) ' +
    'must not read standard input." >&2; exit 1 ;; esac';

/** One run of a command, or of a script where none is given. The command contains only the halves of the markers. */
export function framed(command = whole): Framed {
    const [one, two] = [randomBytes(16).toString("hex"), randomBytes(16).toString("hex")];
    const [begin, end] = [one + two, two + one];
    const answered = new RegExp(`${begin} (\\d+) (\\d+) ([A-Za-z0-9+/=]*) ${end}`);
    return {
        command: `bash --norc -p -c ${shellQuote(frame)} landfall ${one} ${two} ${shellQuote(command)}`,
        script: text => `# ${begin}\n${text}\n# ${end}\n`,
        isOver: ({ stdout, stderr }) => stderr.includes(end) && answered.test(stdout),
        read: output => read(output, { begin, end, answered }),
    };
}

function read({ code, stdout, stderr }: Output & { code: number }, { begin, end, answered }: Markers): Answer {
    const [, status, length, answer] = answered.exec(stdout) ?? [];
    const [noise, said] = [stdout.split(begin)[0].slice(-2000), (stderr.split(begin).at(-1) ?? "").split(end)[0]];
    if (answer?.length !== Number(length)) {
        return { ok: false, code: code || 1, stdout: "", stderr: said, began: stderr.includes(begin), whole: false, noise };
    }
    const text = Buffer.from(answer, "base64").toString();
    return { ok: status === "0", code: Number(status), stdout: text, stderr: said, began: true, whole: true, noise };
}

/** A program whose output is the standard input of another. */
export interface Producer {
    program: string;
    args: string[];
    /** Variables in addition to those that it inherits. */
    env?: Record<string, string>;
}

type Ended = Output & { code: number };

interface Watch {
    /** Whether the output is complete: then nothing waits for the program's end. */
    isOver?(output: Output): boolean;
    /** Gets standard error as it arrives. */
    onError?(text: string): void;
}

/** Runs a program. `input` is text for its standard input, or a program that writes it; `producer` says how that ended. */
export async function execute(
    program: string, args: string[], input: string | Producer = "", watch: Watch = {},
): Promise<Ended & { producer?: Ended }> {
    const env = withoutSecrets(process.env);
    const source = typeof input === "string" ? undefined : input;
    const start = (name: string, words: string[], options: SpawnOptions): ChildProcess =>
        spawn(name, words, { windowsHide: true, env, ...options });
    const producer = source && start(source.program, source.args, {
        stdio: ["ignore", "pipe", "pipe"], env: { ...env, ...source.env },
    });
    const child = start(program, args, { stdio: [producer?.stdout ?? "pipe", "pipe", "pipe"] });
    if (typeof input === "string") {
        child.stdin?.on("error", () => undefined); // it ended before it read everything; its exit code says why
        child.stdin?.end(input);
    }
    producer?.stdout?.destroy(); // only the consumer holds the pipe, so each notices when the other ends
    const [result, written] = await Promise.all([
        ended(child, program, watch), producer && source && ended(producer, source.program),
    ]);
    return { ...result, producer: written };
}

function ended(
    child: ChildProcess, program: string, { isOver = () => false, onError = () => undefined }: Watch = {},
): Promise<Ended> {
    return new Promise((resolve, reject) => {
        const output = { stdout: "", stderr: "" };
        for (const name of ["stdout", "stderr"] as const) {
            child[name]?.setEncoding("utf8").on("data", (text: string) => {
                output[name] += text;
                if (name === "stderr") onError(text);
                if (isOver(output)) child.kill();
            });
        }
        child.on("error", (error: NodeJS.ErrnoException) => reject(error.code === "ENOENT" ? missing(program) : error));
        child.on("close", code => resolve({ code: code ?? 1, ...output }));
    });
}

function missing(program: string): Error {
    return new Error(`${program} was not found on PATH.` + (program.startsWith("ssh") ? " Install the OpenSSH client: " +
        "apt-get install openssh-client; on Windows: Settings, Optional features; macOS has it." : ""));
}
