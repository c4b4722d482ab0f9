// @ts-nocheck
// Brings the parts of an offline bundle onto a machine.
import { bundleDirectory } from "./install";
import { task } from "./script";

const mark = "LANDFALL_END";

/** Prints the names of the parts that the machine lacks; `parts` are { name, sum }. */
export function lackingTasks(parts) {
    return [task("Look which parts of the bundle are here",
        `install -d -m 0700 ${bundleDirectory}`,
        `cd ${bundleDirectory}`,
        `touch .checked`,
        `while read -r line; do`,
        `    { grep -qxF "$line" .checked && [ -e "\${line:66}" ]; } || echo "\${line:66}"`,
        `done <<'${mark}'`,
        ...parts.map(line),
        mark)];
}

/** Accepts what was sent if it is whole, and forgets what the bundle no longer has. */
export function acceptTasks(parts) {
    return [task("Check what was sent of the bundle",
        `cd ${bundleDirectory}`,
        `cat > .sums <<'${mark}'`,
        ...parts.map(line),
        mark,
        `if ! cmp -s .sums .checked; then`,
        `    sha256sum --check --quiet .sums`,
        `    find . -type f ! -name '.*' -printf '%P\\n' | sort | comm -23 - <(cut -c 67- .sums | sort) | xargs --no-run-if-empty -d '\\n' rm`,
        `    mv .sums .checked`,
        `fi`)];
}

/** What takes the archive of the sent parts on its standard input. */
export const receiveCommand = `tar --extract --no-same-owner --directory ${bundleDirectory}`;

function line({ name, sum }) {
    return `${sum}  ${name}`;
}
