// The machine's packages: where they come from, which are held, and which are removed again. All of it is bash.
import type { ClusterFacts } from "../program/facts";

/** Where an offline bundle is on a machine. */
export const bundleDirectory = "/var/lib/landfall/bundle";

/** Lists the packages that Landfall has installed, without those that people or patches installed. */
const ownPackages = "/var/lib/landfall/packages";
const before = "/var/lib/landfall/packages-before";

const list = "dpkg-query --show --showformat '${Package}\\n' | sort -u";

/** Runs before packages are installed. If an earlier run was interrupted, its list stays. */
export const notePackages = `if [ ! -e ${before} ]; then
    ${list} > ${before}.new
    mv ${before}.new ${before}
fi`;

/** Runs after packages were installed. Does nothing unless `notePackages` ran before. */
export const noteNewPackages = `touch ${ownPackages}
if [ -e ${before} ]; then
    ${list} | comm -13 ${before} - | sort -u - ${ownPackages} > ${ownPackages}.new
    mv ${ownPackages}.new ${ownPackages}
    rm ${before}
fi`;

const log = "/run/landfall-packages.log";
const minutes = 15;

/**
 * A bash function, `patiently PROGRAM…`: runs apt or dpkg, and waits while another program has the package system locked.
 * New machines in particular update themselves. It names the program it waits for, and gives up with exit code 75. If
 * the command fails, it prints the end of the output. apt's own DPkg::Lock::Timeout covers neither apt's lists nor dpkg.
 */
export const patiently = `patiently() {
    local lock=/var/lib/dpkg/lock-frontend begun=$SECONDS told=$((SECONDS + 5))
    while ! { flock --nonblock $lock true || { echo "$lock was locked by another"; false; } && "$@"; } >${log} 2>&1; do
        if ! grep --quiet --extended-regexp 'Could not get lock|was locked by' ${log}; then
            tail -n 20 ${log} >&2
            return 1
        fi
        if [ $((SECONDS - begun)) -ge ${minutes * 60} ]; then
            echo "The package system has been locked for ${minutes} minutes by $(lock_holders). Wait until it has finished, or end it, and run this again." >&2
            return 75
        fi
        if [ "$SECONDS" -ge "$told" ]; then
            echo "landfall: note: waits for $(lock_holders) to unlock the package system, up to ${minutes} minutes." >&2
            told=$((SECONDS + 15))
        fi
        sleep 3
    done
}
lock_holders() {
    local path pid name found=
    while read -r path pid name; do
        case "$path" in /var/lib/dpkg/lock*|/var/lib/apt/lists/lock|/var/cache/apt/archives/lock) ;; *) continue ;; esac
        # A container's files have the same paths.
        if [ "/proc/$pid/root$path" -ef "$path" ]; then found="\${found:+$found, }$name (process $pid)"; fi
    done < <(lslocks --noheadings --raw --output PATH,PID,COMMAND 2>/dev/null | sort -u)
    echo "\${found:-another program}"
}`;

/**
 * Removes the packages that Landfall has installed, except those that a package of somebody else depends on. Any other
 * error of dpkg is an error here.
 */
export const purgePackages = `mapfile -t own < ${ownPackages}
if [ "\${#own[@]}" -gt 0 ] && ! patiently dpkg --purge "\${own[@]}"; then
    awk '/^dpkg: error: / { other = 1 }
        /^dpkg: error processing / { met = 1; getline; if ($0 != " dependency problems - not removing") other = 1 }
        END { exit other || !met }' ${log}
    sed -n 's/^ \\(.*\\) depends on \\([^ ;.]*\\).*/landfall: note: \\2 stays because \\1 depends on it./p' ${log} >&2
fi`;

/** Packages that only Landfall upgrades, by their names in all repositories. */
const held = ["containerd", "containerd.io", "runc", "keepalived", "kubelet", "kubeadm", "kubectl", "kubernetes-cni", "cri-tools"];

/** Holds those that are installed, so that unattended upgrades don't restart a node's runtime. */
export const holdPackages = `installed=$({ dpkg-query --show --showformat '\${db:Status-Status} \${Package}\\n' ${held.join(" ")} 2>/dev/null || true; } \\
    | awk '$1 == "installed" { print $2 }')
[ -z "$installed" ] || patiently apt-mark hold $installed`;

/** Undoes `holdPackages`. */
export const unholdPackages = `held=$(apt-mark showhold | grep --line-regexp --extended-regexp '${held.join("|")}' || true)
[ -z "$held" ] || patiently apt-mark unhold $held`;

/** What a node needs besides Kubernetes and the container runtime, by the names in Debian and Ubuntu. */
export const systemPackages = ["conntrack", "curl", "ethtool", "iptables", "keepalived", "nftables", "openssl", "socat"];

/**
 * Adds Kubernetes' and Docker's package repositories, whose keys are pinned by fingerprint. Each minor version of
 * Kubernetes has its own repository.
 */
export function repositories(
    { version, repositories: { kubernetes, docker } }: Pick<ClusterFacts, "version" | "repositories">,
): string {
    const minor = version.split(".").slice(0, 2).join(".");
    return `. /etc/os-release
patiently apt-get update --quiet
patiently apt-get install --quiet --yes --no-install-recommends --no-upgrade ca-certificates curl gnupg
install -d -m 0755 /etc/apt/keyrings
export GNUPGHOME=/run/landfall-gnupg # gpg would create one in root's home
rm -rf $GNUPGHOME
install -d -m 0700 $GNUPGHOME
trust() {
    local keys all=$GNUPGHOME/$1.all own=$GNUPGHOME/$1.own
    curl --fail --silent --show-error --location --output $GNUPGHOME/$1.asc "$2"
    gpg --batch --quiet --no-default-keyring --keyring $all --import $GNUPGHOME/$1.asc || true
    # Trusts the pinned key only, whatever else is in the file. It must be a primary key: a subkey would bring another along.
    keys=$(gpg --batch --quiet --no-default-keyring --keyring $all --export "$3" 2>/dev/null | tee $own \\
        | gpg --batch --show-keys --with-colons 2>/dev/null \\
        | awk -F: '$1 == "pub" { key = 1 } $1 == "fpr" && key { print $10; key = 0 }') || true
    [ "$keys" = "$3" ] || { echo "$2 doesn't contain the pinned key $3." >&2; exit 1; }
    install -m 0644 $own /etc/apt/keyrings/landfall-$1.gpg
}
trust kubernetes ${kubernetes.url}/${minor}/deb/Release.key ${kubernetes.fingerprint}
trust docker ${docker.url}/"$ID"/gpg ${docker.fingerprint}
rm -rf $GNUPGHOME
cat > /etc/apt/sources.list.d/landfall.list <<LANDFALL_END
deb [signed-by=/etc/apt/keyrings/landfall-kubernetes.gpg] ${kubernetes.url}/${minor}/deb/ /
deb [signed-by=/etc/apt/keyrings/landfall-docker.gpg] ${docker.url}/$ID $VERSION_CODENAME stable
LANDFALL_END
patiently apt-get update --quiet`;
}

/** Installs exactly this version of Kubernetes' packages, and holds it. */
export function programsFromRepository(
    { version }: Pick<ClusterFacts, "version">, names = ["kubelet", "kubeadm", "kubectl"],
): string {
    const exactly = names.map(name => `'${name}=${version.slice(1)}-*'`).join(" ");
    return [
        `patiently apt-get install --quiet --yes --no-install-recommends --allow-change-held-packages ${exactly} cri-tools`,
        holdPackages,
    ].join("\n");
}

/** Installs Kubernetes' programs from the bundle. The kubelet's unit is written by install.ts. */
export const programsFromBundle = [
    `arch=$(dpkg --print-architecture)`,
    `install -m 0755 ${bundleDirectory}/bin/"$arch"/{kubelet,kubeadm,kubectl,crictl,etcdctl} /usr/bin/`,
    `install -d /opt/cni/bin`,
    `install -m 0755 ${bundleDirectory}/cni/"$arch"/* /opt/cni/bin/`,
].join("\n");
