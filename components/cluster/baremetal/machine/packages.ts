// @ts-nocheck
// Which packages of the system have come by what is done here, and so go with it.

/** Their names; not those that people or patches brought. */
export const ownPackages = "/var/lib/landfall/packages";
const before = "/var/lib/landfall/packages-before";

const list = "dpkg-query --show --showformat '${Package}\\n' | sort -u";

/** A shell's lines ahead of those that install packages. What was there before outlives an interruption. */
export const notePackages = `if [ ! -e ${before} ]; then
    ${list} > ${before}.new
    mv ${before}.new ${before}
fi`;

/** And after them; where none were interrupted they do nothing. */
export const noteNewPackages = `touch ${ownPackages}
if [ -e ${before} ]; then
    ${list} | comm -13 ${before} - | sort -u - ${ownPackages} > ${ownPackages}.new
    mv ${ownPackages}.new ${ownPackages}
    rm ${before}
fi`;

const log = "/run/landfall-packages.log";
const minutes = 15;

/**
 * A function of the shell, `patiently PROGRAM…`: runs apt or dpkg once nobody else has the package system locked, since
 * machines update themselves too, most of all when they are new. It says whom it waits for, and gives up in the end with
 * code 75. apt's own DPkg::Lock::Timeout covers neither its lists nor dpkg. Of what fails it prints the end.
 */
export const patiently = `patiently() {
    local lock=/var/lib/dpkg/lock-frontend begun=$SECONDS told=$((SECONDS + 5))
    while ! { flock --nonblock $lock true || { echo "$lock was locked by another"; false; } && "$@"; } >${log} 2>&1; do
        if ! grep --quiet --extended-regexp 'Could not get lock|was locked by' ${log}; then
            tail -n 20 ${log} >&2
            return 1
        fi
        if [ $((SECONDS - begun)) -ge ${minutes * 60} ]; then
            echo "The package system has been locked for ${minutes} minutes by $(lock_holders). Wait until that is done, or end it, and run this again." >&2
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
        # A container's files have the same names.
        if [ "/proc/$pid/root$path" -ef "$path" ]; then found="\${found:+$found, }$name (process $pid)"; fi
    done < <(lslocks --noheadings --raw --output PATH,PID,COMMAND 2>/dev/null | sort -u)
    echo "\${found:-another program}"
}`;

/**
 * A shell's lines that remove the packages that have come by what is done here, but those that something needs which
 * people have installed. What else keeps dpkg from it fails.
 */
export const purgePackages = `mapfile -t own < ${ownPackages}
if [ "\${#own[@]}" -gt 0 ] && ! patiently dpkg --purge "\${own[@]}"; then
    awk '/^dpkg: error: / { other = 1 }
        /^dpkg: error processing / { met = 1; getline; if ($0 != " dependency problems - not removing") other = 1 }
        END { exit other || !met }' ${log}
    sed -n 's/^ \\(.*\\) depends on \\([^ ;.]*\\).*/landfall: note: \\2 stays, as \\1 needs it./p' ${log} >&2
fi`;
