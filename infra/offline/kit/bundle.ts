import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { parseArgs } from "node:util";
import { imageTags, versions } from "../../../components/versions";
import { buildBase } from "./base";
import { cached, cachedNames, keyOf } from "./cache";
import { imageComponents } from "./components";
import { ensureDocker } from "./docker";
import { buildGo } from "./go";
import { saveImages } from "./images";
import { kubernetesComponents, kubernetesImages } from "./kubernetes";
import { buildMachineImage } from "./machine";
import { buildImage, buildImages } from "./platform";
import { buildPrograms } from "./programs";
import { Log, report, run, step } from "./run";

const RECIPE = 2;
/** What the target baremetal installs on a node besides Kubernetes, including what a minimal Debian lacks. */
const packages = ["containerd", "conntrack", "curl", "ethtool", "iptables", "keepalived", "nftables", "openssl", "restic",
    "socat"];
const binaries = ["kubelet", "kubeadm", "kubectl", "crictl", "etcdctl"];
const plugins = ["loopback", "ptp", "host-local", "portmap"];
const system = "debian-13";

/** A bundle, and the image of a machine for it. */
export interface Bundle {
    /** Directory that `landfall:cluster.bundle` names. */
    directory: string;
    machineImage: string;
}

/**
 * Builds an offline bundle for the target baremetal: packages, programs and images with their checksums.
 * `version` is that of Kubernetes. Tests upgrade from an earlier one.
 */
export async function buildBundle(log: Log, version = versions.kubernetes): Promise<Bundle> {
    await ensureDocker(log);
    const [programs] = await Promise.all([buildPrograms(log), buildBase(log)]);
    const archive = await buildImages(log, programs);
    for (const component of kubernetesComponents(version)) {
        const built = await buildGo(log, component);
        for (const name of Object.keys(component.programs)) programs.set(name, path.join(built, name));
    }
    const machineImage = await buildMachineImage(log);
    const inputs = [version, kubernetesImages(version), packages, cachedNames([...programs.values(), archive]), machineImage];
    const directory = await cached("bundle", keyOf(RECIPE, inputs), dir =>
        step(log, `put together the bundle of Kubernetes ${version}`, async () => {
            const arch = await run("dpkg", ["--print-architecture"]);
            const add = (file: string, to: string): void => {
                fs.mkdirSync(path.join(dir, path.dirname(to)), { recursive: true });
                fs.copyFileSync(file, path.join(dir, to));
            };
            for (const name of binaries) add(programs.get(name) as string, `bin/${arch}/${name}`);
            for (const name of plugins) add(programs.get(name) as string, `cni/${arch}/${name}`);
            await addImages(version, programs, archive, dir);
            fs.mkdirSync(path.join(dir, "version"));
            fs.writeFileSync(path.join(dir, "version", version), `${version}\n`);
            await downloadPackages(machineImage, path.join(dir, `packages/${system}-${arch}`));
            fs.writeFileSync(path.join(dir, "SHA256SUMS"), checksums(dir));
        }));
    return { directory, machineImage };
}

/** An archive for each kind of node, so that none gets images that it doesn't run. */
async function addImages(version: string, programs: Map<string, string>, archive: string, dir: string): Promise<void> {
    await run("docker", ["load", "--quiet", "--input", archive]);
    const own = kubernetesImages(version);
    const current = kubernetesImages(versions.kubernetes).map(({ image }) => image);
    for (const component of own) if (!current.includes(component.image)) await buildImage(component, programs, dir);
    const others = imageComponents.map(({ image }) => image).filter(image => !current.includes(image));
    const all = [...own.map(({ image }) => image), ...others];
    const isControl = (image: string) => /\/(kube-(apiserver|controller-manager|scheduler)|etcd):/.test(image);
    // The last one is the pod network.
    const isEverywhere = (image: string) => /\/(kube-proxy|coredns|pause):/.test(image) || image === imageTags.busybox;
    await saveImages(all.filter(isControl), path.join(dir, "images/control-plane/kit.tar"));
    await saveImages(all.filter(isEverywhere), path.join(dir, "images/kit.tar"));
    await saveImages(all.filter(image => !isControl(image) && !isEverywhere(image)),
        path.join(dir, "images/workloads/kit.tar"));
    await run("docker", ["rmi", "--force", ...new Set([...all, ...current])]);
}

/** apt on the machine says which packages it lacks. */
async function downloadPackages(image: string, target: string): Promise<void> {
    fs.mkdirSync(target, { recursive: true });
    const container = await run("docker", ["create", "--entrypoint", "sh", image, "-c",
        "rm -f /etc/apt/apt.conf.d/docker-clean && apt-get update --quiet && apt-get install --quiet --yes " +
        `--download-only --no-install-recommends ${packages.join(" ")}`]);
    try {
        await run("docker", ["start", "--attach", container]);
        await run("docker", ["cp", `${container}:/var/cache/apt/archives/.`, target]);
    } finally {
        await run("docker", ["rm", "--force", container]);
    }
    for (const name of fs.readdirSync(target).filter(file => !file.endsWith(".deb"))) {
        fs.rmSync(path.join(target, name), { recursive: true });
    }
}

/** In the format of `sha256sum`. */
function checksums(dir: string): string {
    const files = fs.readdirSync(dir, { recursive: true, encoding: "utf8" }).sort()
        .filter(file => fs.statSync(path.join(dir, file)).isFile());
    return files.map(file => {
        const digest = createHash("sha256").update(fs.readFileSync(path.join(dir, file))).digest("hex");
        return `${digest}  ${file.split(path.sep).join("/")}\n`;
    }).join("");
}

/** Writes a bundle to an archive, atomically. */
async function archive(directory: string, file: string): Promise<void> {
    const unfinished = `${file}.${process.pid}`;
    const compress = /gz$/.test(file) ? ["--gzip"] : [];
    await run("tar", ["--create", ...compress, "--file", unfinished, "--directory", directory, "."]);
    fs.renameSync(unfinished, file);
}

if (require.main === module) {
    const { values, positionals } = parseArgs({ options: { archive: { type: "string" } }, allowPositionals: true });
    report(buildBundle(console.log, positionals[0]).then(async bundle => {
        if (values.archive !== undefined) await archive(bundle.directory, values.archive);
        return JSON.stringify({ ...bundle, ...values }, undefined, 4);
    }));
}
