import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { patiently, purgePackages, repositories } from "../../../../../../components/cluster/baremetal/machine/packages";
import { packageRepositories } from "../../../../../../components/versions";

let directory: string;
beforeEach(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-packages-"));
    for (const made of ["bin", "dpkg", "etc", "run", "state"]) fs.mkdirSync(path.join(directory, made));
    fs.writeFileSync(path.join(directory, "dpkg/lock-frontend"), "");
});
afterEach(() => fs.rmSync(directory, { recursive: true }));

/** Puts a program before all others. */
const program = (name: string, lines: string) =>
    fs.writeFileSync(path.join(directory, "bin", name), `#!/bin/bash\n${lines}\n`, { mode: 0o755 });

/** Runs lines of a machine's shell in the directory, with short waits; a lock is waited for at most so many seconds. */
function shell(lines: string, limit = 60) {
    const here = `set -euo pipefail\nexport LC_ALL=C\n${lines}`
        .replaceAll("/var/lib/dpkg/", `${directory}/dpkg/`).replaceAll("/run/landfall", `${directory}/run/landfall`)
        .replaceAll("/var/lib/landfall/", `${directory}/state/`).replaceAll("/etc/apt", `${directory}/etc/apt`)
        .replaceAll("/var/lib/apt/", `${directory}/apt/`).replaceAll("/var/cache/apt/", `${directory}/apt/`)
        .replaceAll("sleep 3", "sleep 0.1").replaceAll("SECONDS + 5", "SECONDS + 0").replaceAll("-ge 900", `-ge ${limit}`);
    return spawnSync("bash", ["-c", here], { encoding: "utf8", env: { ...process.env, PATH: `${directory}/bin:${process.env.PATH}` } });
}

describe.skipIf(process.platform !== "linux")("a package system that another program has locked", () => {
    // As apt and dpkg say it, of Debian 12 and 13 and Ubuntu 22.04 and 24.04.
    test.each([
        "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 30 (apt-get)\nE: Unable to lock directory /var/lib/apt/lists/",
        "E: Could not get lock /var/lib/dpkg/lock-frontend - open (11: Resource temporarily unavailable)",
        "dpkg: error: dpkg frontend lock was locked by another process with pid 19",
        "dpkg: error: dpkg database lock was locked by /usr/bin/perl process with pid 36",
    ])("is waited for until it is free: %s", said => {
        program("apt-get", `echo "$@" >> ${directory}/asked; [ "$(wc -l < ${directory}/asked)" -gt 2 ] || { printf '%s\\n' '${said}' >&2; exit 100; }`);
        const { status, stderr } = shell(`${patiently}\npatiently apt-get install --yes socat\necho done >&2`);
        expect(stderr).toMatch(/^landfall: note: waits for another program to unlock the package system, up to 15 minutes\.\ndone$/m);
        expect(status).toBe(0);
        expect(fs.readFileSync(path.join(directory, "asked"), "utf8")).toBe("install --yes socat\n".repeat(3));
    });

    test("by flock, as people's scripts do it, is waited for as well, and who it is is said", async () => {
        program("apt-get", `echo asked >> ${directory}/asked`);
        const waits = path.join(directory, "waits");
        program("sleep", `touch ${waits}; exec /bin/sleep "$@"`);
        const hold = `echo locked; until [ -e ${waits} ]; do /bin/sleep 0.1; done`;
        const holder = spawn("flock", [path.join(directory, "dpkg/lock-frontend"), "sh", "-c", hold]);
        await once(holder.stdout, "data");
        const { status, stderr } = shell(`${patiently}\npatiently apt-get update\n`);
        expect(status).toBe(0);
        expect(stderr).toMatch(new RegExp(`waits for .*flock \\(process ${holder.pid}\\)`));
        expect(fs.readFileSync(path.join(directory, "asked"), "utf8")).toBe("asked\n");
    });

    test("for too long is an error, and ends the script", () => {
        program("dpkg", "echo 'dpkg: error: dpkg frontend lock was locked by another process with pid 19' >&2; exit 2");
        const { status, stderr } = shell(`${patiently}\npatiently dpkg --install a.deb\necho after >&2`, 1);
        expect(status).toBe(75);
        expect(stderr).toMatch(/has been locked for 15 minutes by another program\. Wait until it has finished, or end it, and run this again\.$/m);
        expect(stderr).not.toContain("after");
    });

    test("is no excuse for another failure, which is reported at once", () => {
        program("apt-get", `echo asked >> ${directory}/asked; echo 'E: Unable to locate package socat' >&2; exit 100`);
        const { status, stderr } = shell(`${patiently}\npatiently apt-get install socat`);
        expect({ status, stderr }).toEqual({ status: 1, stderr: "E: Unable to locate package socat\n" });
        expect(fs.readFileSync(path.join(directory, "asked"), "utf8")).toBe("asked\n");
    });
});

describe.skipIf(process.platform !== "linux")("packages that go with the cluster", () => {
    const stays = "dpkg: dependency problems prevent removal of libfoo:\n own-thing depends on libfoo.\n\n" +
        "dpkg: error processing package libfoo (--purge):\n dependency problems - not removing\n" +
        "Errors were encountered while processing:\n libfoo\n";
    const purge = (said: string, code: number, own = "libfoo\nsocat\n") => {
        fs.writeFileSync(path.join(directory, "state/packages"), own);
        program("dpkg", `echo "$@" >> ${directory}/asked; cat <<'END' >&2\n${said}END\nexit ${code}`);
        return shell(`${patiently}\n${purgePackages}\necho gone >&2`);
    };

    test("are removed at once, and where there are none nothing is", () => {
        expect(purge("", 0).stderr).toBe("gone\n");
        expect(fs.readFileSync(path.join(directory, "asked"), "utf8")).toBe("--purge libfoo socat\n");
        fs.rmSync(path.join(directory, "asked"));
        expect(purge("", 1, "").stderr).toBe("gone\n");
        expect(fs.existsSync(path.join(directory, "asked"))).toBe(false);
    });

    test("stay where people's own need them, which is said", () => {
        const { status, stderr } = purge(stays, 1);
        expect(status).toBe(0);
        expect(stderr).toContain("landfall: note: libfoo stays because own-thing depends on it.\ngone\n");
    });

    test.each([
        ["a script of theirs that fails", "dpkg: error processing package socat (--purge):\n installed socat package pre-removal script subprocess returned error exit status 1\n"],
        ["that, beside one that stays", `${stays}dpkg: error processing package socat (--purge):\n subprocess failed\n`],
        ["no word at all", ""],
        ["a disk that can't be written", `${stays}dpkg: error: unable to write status database: No space left on device\n`],
    ])("are never left behind in silence: %s fails", (_, said) => {
        const { status, stderr } = purge(said, 1);
        expect(status).toBe(1);
        expect(stderr).not.toContain("gone");
        expect(stderr).toContain(said.trimEnd().split("\n").at(-1));
    });
});

const hasGpg = ["gpg", "curl"].every(name => spawnSync(name, ["--version"]).status === 0);

describe.skipIf(process.platform !== "linux" || !hasGpg)("the key of a package repository", () => {
    const gpg = (...args: string[]) => {
        const { status, stdout, stderr } = spawnSync("gpg", ["--batch", "--quiet", "--homedir", path.join(directory, "home"), ...args], { encoding: "buffer" });
        if (status !== 0) throw new Error(stderr.toString());
        return stdout;
    };
    const make = (name: string) => {
        gpg("--passphrase", "", "--quick-generate-key", name, "ed25519", "sign", "never");
        return fingerprints(gpg("--list-keys", "--with-colons", name).toString())[0];
    };
    const fingerprints = (listed: string) => [...listed.matchAll(/^fpr:+([0-9A-F]{40}):/gm)].map(([, found]) => found);
    let ours: string;
    let theirs: string;

    beforeEach(() => {
        fs.mkdirSync(path.join(directory, "home"), { mode: 0o700 });
        [ours, theirs] = [make("ours@example.com"), make("theirs@example.com")];
        program("apt-get", "true");
    });
    afterEach(() => void spawnSync("gpgconf", ["--homedir", path.join(directory, "home"), "--kill", "all"]));

    /** Sets up repositories whose file of keys holds these; returns what apt trusts then. */
    function trust(keys: string[], pinned: string) {
        for (const file of ["kubernetes/v1.36/deb/Release.key", "docker/debian/gpg"]) {
            fs.mkdirSync(path.dirname(path.join(directory, file)), { recursive: true });
            fs.writeFileSync(path.join(directory, file), keys.length > 0 ? gpg("--armor", "--export", ...keys) : "<html>Not found</html>");
        }
        const at = (name: string) => ({ url: `file://${directory}/${name}`, fingerprint: pinned });
        const lines = repositories({ version: "v1.36.4", repositories: { kubernetes: at("kubernetes"), docker: at("docker") } } as never)
            .replace(". /etc/os-release", "ID=debian VERSION_CODENAME=trixie");
        fs.mkdirSync(path.join(directory, "etc/apt/sources.list.d"), { recursive: true });
        const result = shell(`${patiently}\n${lines}`);
        const trusted = path.join(directory, "etc/apt/keyrings/landfall-kubernetes.gpg");
        const shown = fs.existsSync(trusted) ? gpg("--show-keys", "--with-colons", trusted).toString() : "";
        return { ...result, trusted: fingerprints(shown) };
    }

    test("is trusted alone, whatever other keys its file holds", () => {
        expect(trust([ours], ours)).toMatchObject({ status: 0, trusted: [ours] });
        expect(trust([theirs, ours], ours)).toMatchObject({ status: 0, trusted: [ours] });
        expect(fs.existsSync(path.join(directory, "run/landfall-gnupg"))).toBe(false);
    });

    test("is refused where the file lacks it, and apt gets no repository", () => {
        for (const keys of [[theirs], []]) {
            const { status, stderr, trusted } = trust(keys, ours);
            expect({ status, trusted }).toEqual({ status: 1, trusted: [] });
            expect(stderr).toContain(`file://${directory}/kubernetes/v1.36/deb/Release.key doesn't contain the pinned key ${ours}.`);
        }
        expect(fs.existsSync(path.join(directory, "etc/apt/sources.list.d/landfall.list"))).toBe(false);
    });

    test("is not one whose subkey has the pinned fingerprint", () => {
        gpg("--passphrase", "", "--quick-add-key", theirs, "ed25519", "sign", "never");
        const [, subkey] = fingerprints(gpg("--list-keys", "--with-colons", theirs).toString());
        expect(trust([theirs], subkey)).toMatchObject({ status: 1, trusted: [] });
    });

    test("of the versions that are pinned is a primary key's fingerprint in full", () => {
        for (const { fingerprint } of Object.values(packageRepositories)) expect(fingerprint).toMatch(/^[0-9A-F]{40}$/);
    });
});
