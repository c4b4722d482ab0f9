// @ts-nocheck
// Tells what a command answers from all else that comes over its connection: what start files of a login shell, sudo, a
// banner or a program in the background print. Only what stands between two markers counts, which are new for every run.
import { randomBytes } from "node:crypto";

import { shellQuote } from "../machine/script";

/**
 * Runs `$3`, and prints its exit code and its answer between the markers; the latter in base64 and with its length, so
 * that nothing can be taken for it or slip into it. What it prints on standard error stands between markers too.
 * bash reads no start file itself (--norc, and -p for those that the environment names), and its children read none.
 */
const frame = [
    "unset BASH_ENV ENV", "export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "set -o pipefail", 'echo "$1$2" >&2', 'answer=$(eval "$3" | base64 --wrap=0)', "code=$?",
    'echo "$2$1" >&2', 'echo "$1$2 $code ${#answer} $answer $2$1"',
].join("; ");

/** Begins nothing before the whole script has arrived: a start file may have read its beginning. */
const whole = 'script=$(cat); case "$script" in "# $1$2"*"# $2$1") eval "$script" </dev/null ;; ' +
    '*) echo "The script did not arrive whole: a file that the login shell reads at its start (such as ~/.bashrc) ' +
    'must not read standard input." >&2; exit 1 ;; esac';

/** One run of a command, or of a script where none is given. Each half of the markers stands in the command alone. */
export function framed(command = whole) {
    const [one, two] = [randomBytes(16).toString("hex"), randomBytes(16).toString("hex")];
    const [begin, end] = [one + two, two + one];
    const answered = new RegExp(`${begin} (\\d+) (\\d+) ([A-Za-z0-9+/=]*) ${end}`);
    return {
        command: `bash --norc -p -c ${shellQuote(frame)} landfall ${one} ${two} ${shellQuote(command)}`,
        script: text => `# ${begin}\n${text}\n# ${end}\n`,
        /** Whether all has been said that counts, whoever keeps the connection open. */
        isOver: ({ stdout, stderr }) => stderr.includes(end) && answered.test(stdout),
        read: output => read(output, { begin, end, answered }),
    };
}

/**
 * What has been answered: `began` tells whether the command did, `whole` whether its answer came; where it didn't, nothing
 * counts but that, and `noise` is what was printed instead.
 */
function read({ code, stdout, stderr }, { begin, end, answered }) {
    const [, status, length, answer] = answered.exec(stdout) ?? [];
    const [noise, said] = [stdout.split(begin)[0].slice(-2000), stderr.split(begin).at(-1).split(end)[0]];
    if (answer?.length !== Number(length)) {
        return { ok: false, code: code || 1, stdout: "", stderr: said, began: stderr.includes(begin), whole: false, noise };
    }
    const text = Buffer.from(answer, "base64").toString();
    return { ok: status === "0", code: Number(status), stdout: text, stderr: said, began: true, whole: true, noise };
}
