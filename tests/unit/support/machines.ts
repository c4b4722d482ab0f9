import * as fs from "node:fs";
import * as path from "node:path";

/**
 * Puts an `ssh` into the directory whose machines are files of it: by name, the lines of a shell that run in a script's
 * place, and see it as `$script`. A machine that is undefined doesn't answer. What each was sent is appended to `log`.
 */
export function fakeSsh(directory: string, machines: Record<string, string | undefined>): void {
    for (const [name, lines] of Object.entries(machines)) {
        if (lines !== undefined) fs.writeFileSync(path.join(directory, name), lines);
    }
    // The words of the command: bash --norc -p -c FRAME landfall ONE TWO COMMAND.
    fs.writeFileSync(path.join(directory, "ssh"), `#!/bin/bash
export directory=${directory} script=$(cat)
machine=${directory}/$4
echo "$4: $script" >> ${directory}/log
[ -e "$machine" ] || { echo 'Connection reset by peer' >&2; exit 255; }
eval "set -- $5"
exec bash --norc -p -c "$5" "$6" "$7" "$8" "$(cat "$machine")"
`, { mode: 0o755 });
}
