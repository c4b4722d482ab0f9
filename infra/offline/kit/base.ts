import * as fs from "node:fs";
import * as path from "node:path";
import { inTemporaryDir } from "./cache";
import { debian } from "./components";
import { installPackages } from "./docker";
import { ensureImage } from "./images";
import { Log, pipe, run, step } from "./run";

/** Provides `debian:13-slim`, built from Debian's packages if it can't be pulled. */
export function buildBase(log: Log): Promise<string> {
    return ensureImage(log, debian.image, async () => {
        await installPackages(log, {
            debootstrap: "debootstrap",
            "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
        });
        await inTemporaryDir("debian", async root => {
            const mirror = debianMirror();
            await step(log, `debootstrap ${debian.suite}`, () =>
                run("debootstrap", ["--variant=minbase", debian.suite, root, mirror.main]));
            await configureApt(root, mirror);
            slim(root);
            await pipe(
                ["tar", "--create", "--numeric-owner", "--directory", root, "."],
                ["docker", "import", "--change", 'CMD ["bash"]', "-", debian.image],
            );
        });
    });
}

interface Mirror {
    main: string;
    /** Undefined if the machine has none. */
    security?: string;
}

/** The mirrors that this machine itself uses. */
function debianMirror(): Mirror {
    const folder = "/etc/apt/sources.list.d";
    const files = ["/etc/apt/sources.list", ...fs.readdirSync(folder).map(file => path.join(folder, file))];
    const text = files.filter(file => fs.existsSync(file)).map(file => fs.readFileSync(file, "utf8")).join("\n");
    const addresses = [...text.matchAll(/^(?:deb\s.*?|URIs:\s*)(https?:\/\/\S+)/gm)].map(match => match[1]);
    const main = addresses.find(address => /\/debian\/?$/.test(address));
    if (!main) {
        throw new Error("The kit's base image needs a Debian mirror, and /etc/apt names none whose address ends with " +
            "/debian. Add one to /etc/apt/sources.list.d and run the command again.");
    }
    return { main, security: addresses.find(address => /\/debian-security\/?$/.test(address)) };
}

/** Sources, and what this machine's apt needs to reach them, so that `apt-get install` works in `docker build`. */
async function configureApt(root: string, mirror: Mirror): Promise<void> {
    const apt = path.join(root, "etc/apt");
    const key = "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg";
    const source = (uri: string, suites: string) =>
        `Types: deb\nURIs: ${uri}\nSuites: ${suites}\nComponents: main\n${key}\n`;
    fs.rmSync(path.join(apt, "sources.list"), { force: true });
    fs.writeFileSync(
        path.join(apt, "sources.list.d/debian.sources"),
        [
            source(mirror.main, `${debian.suite} ${debian.suite}-updates`),
            ...(mirror.security ? [source(mirror.security, `${debian.suite}-security`)] : []),
        ].join("\n"),
    );
    const settings = (await run("apt-config", ["dump"])).split("\n")
        .filter(line => /^Acquire::(https?::Proxy|Check-Date|Check-Valid-Until|Retries)\b/i.test(line));
    fs.writeFileSync(path.join(apt, "apt.conf.d/90machine"), `${settings.join("\n")}\n`);
    const authorities = "/etc/ssl/certs/ca-certificates.crt";
    if ([mirror.main, mirror.security].some(address => address?.startsWith("https:")) && fs.existsSync(authorities)) {
        fs.mkdirSync(path.join(root, "etc/ssl/certs"), { recursive: true });
        fs.copyFileSync(authorities, path.join(root, authorities));
    }
}

/** What makes Debian's image slim: no documentation, translations or package lists, now or after later installations. */
function slim(root: string): void {
    const unwanted = ["usr/share/doc", "usr/share/man", "usr/share/info", "usr/share/locale"];
    const emptied = [...unwanted, "var/lib/apt/lists", "var/cache/apt", "var/log", "tmp"];
    for (const dir of emptied.map(name => path.join(root, name))) {
        for (const entry of fs.existsSync(dir) ? fs.readdirSync(dir) : []) {
            fs.rmSync(path.join(dir, entry), { recursive: true, force: true });
        }
    }
    fs.writeFileSync(
        path.join(root, "etc/dpkg/dpkg.cfg.d/slim"),
        unwanted.map(dir => `path-exclude /${dir}/*\n`).join("") + "path-include /usr/share/doc/*/copyright\n",
    );
    fs.writeFileSync(
        path.join(root, "etc/apt/apt.conf.d/docker-clean"),
        'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };\n' +
            'APT::Update::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };\n' +
            'Acquire::Languages "none";\n',
    );
    // Services must not start during the build.
    fs.writeFileSync(path.join(root, "usr/sbin/policy-rc.d"), "#!/bin/sh\nexit 101\n", { mode: 0o755 });
}
