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
