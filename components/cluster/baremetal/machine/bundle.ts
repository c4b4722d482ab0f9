// The offline bundle on a machine: receives its parts, checks them and installs what is in them.
import type { ClusterFacts } from "../program/facts";
import { memberFile, unlessMember } from "./kubeadm";
import { bundleDirectory, programsFromBundle } from "./packages";
import { type Task, task } from "./script";

/** A file of the bundle. */
interface Part {
    /** Its path within the bundle. */
    name: string;
    /** Its SHA-256. */
    sum: string;
}

const mark = "LANDFALL_END";

/** Prints the names of the parts that the machine lacks, one per line. */
export function lackingTasks(parts: Part[]): Task[] {
    return [task("Find out which parts of the bundle are missing",
        `install -d -m 0700 ${bundleDirectory}`,
        `cd ${bundleDirectory}`,
        `touch .checked`,
        `while read -r line; do`,
        `    { grep -qxF "$line" .checked && [ -e "\${line:66}" ]; } || echo "\${line:66}"`,
        `done <<'${mark}'`,
        ...parts.map(line),
        mark)];
}

/** Checks the parts that were sent, and deletes what is no longer in the bundle. */
export function acceptTasks(parts: Part[]): Task[] {
    return [task("Check the parts of the bundle that were sent",
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

/** Unpacks a tar archive of parts from standard input. */
export const receiveCommand = `tar --extract --no-same-owner --directory ${bundleDirectory}`;

/** A line of SHA256SUMS. */
function line({ name, sum }: Part): string {
    return `${sum}  ${name}`;
}

/** The label that keeps the kubelet from removing an image. */
export const pinned = "io.cri-containerd.pinned=pinned";

/** Installs packages, Kubernetes and images. Expects that the parts were accepted. */
export function bundleTasks({ version }: Pick<ClusterFacts, "version">): Task[] {
    return [
        task("Install packages from the bundle",
            `. /etc/os-release`,
            `cd ${bundleDirectory}/packages/"$ID-\${VERSION_ID-}-$(dpkg --print-architecture)"`,
            `missing=()`,
            `for file in *.deb; do`,
            `    name=$(dpkg-deb --field "$file" Package)`,
            `    dpkg-query --show --showformat '\${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || missing+=("$file")`,
            `done`,
            `[ \${#missing[@]} -eq 0 ] || patiently dpkg --install "\${missing[@]}"`),
        task("Install Kubernetes from the bundle",
            unlessMember(programsFromBundle)),
        task("Import the images from the bundle",
            `systemctl enable --quiet --now containerd`,
            `cd ${bundleDirectory}`,
            `install -d /var/lib/landfall/images`,
            `for file in $(find images -name '[!.]*.tar' | sort); do`,
            `    sum=$(awk -v file="$file" 'substr($0, 67) == file { found = 1; print } END { exit !found }' .checked)`,
            `    grep -qxF "$sum" /var/lib/landfall/images/imported 2>/dev/null && continue`,
            `    ctr --namespace k8s.io images import --no-unpack "$file" >/dev/null`,
            `    echo "$sum" >> /var/lib/landfall/images/imported`,
            `done`,
            // When disk space runs low, the kubelet removes unused images, and there is no registry to pull these from.
            `for image in $(ctr --namespace k8s.io images list --quiet | grep -v ^sha256:); do`,
            `    ctr --namespace k8s.io images label "$image" ${pinned} >/dev/null`,
            `done`),
        task("Check the version of Kubernetes", `[ -e ${memberFile} ] || [ "$(kubelet --version)" = "Kubernetes ${version}" ]`),
    ];
}
