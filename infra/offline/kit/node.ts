import * as fs from "node:fs";
import * as path from "node:path";
import { kitNodeImage } from "../../../components/cluster/stand-ins";
import { imageTags as images, versions } from "../../../components/versions";
import { cachedNames, contents, inTemporaryDir, keyOf } from "./cache";
import { imageComponents, kindModule, storageManifest } from "./components";
import { downloadModule } from "./go";
import { dockerBuild, ensureImage } from "./images";
import { pauseImage } from "./kubernetes";
import { networkPoliciesManifest } from "./network";
import { Log, pipe, run, step } from "./run";

const RECIPE = 1;
const sources = path.join(__dirname, "node");

/** Programs on a node → their directory. */
const programPaths: Record<string, string> = {
    "kubelet": "usr/bin",
    "kubeadm": "usr/bin",
    "kubectl": "usr/bin",
    "crictl": "usr/local/bin",
    "kube-router": "usr/local/bin",
    "loopback": "opt/cni/bin",
    "ptp": "opt/cni/bin",
    "host-local": "opt/cni/bin",
    "portmap": "opt/cni/bin",
};

/**
 * Builds the image that `kind create cluster --image` takes, with all images that a cluster needs inside.
 *
 * kind's own files (the entrypoint, systemd's units, containerd's settings) come from its Go module.
 */
export async function buildNodeImage(
    log: Log, programs: Map<string, string>, imagesBuilt: () => Promise<string>,
): Promise<string> {
    const files = fs.readdirSync(sources, { recursive: true, encoding: "utf8" }).sort()
        .map(file => path.join(sources, file)).filter(file => fs.statSync(file).isFile());
    const inputs = [kindModule, storageManifest, programPaths, imageComponents];
    const key = keyOf(RECIPE, inputs, contents(...files), cachedNames(programs.values()));
    const tag = `${kitNodeImage}:${versions.kubernetes}-${key}`;
    return ensureImage(log, tag, async () => {
        const archive = await imagesBuilt();
        const base = `landfall/kind-node-base:${key}`;
        await step(log, "build the node's base image", () =>
            inTemporaryDir("node", context => buildNodeBase(base, programs, context)));
        await step(log, "put the images into the node image", () => importImages(base, archive, tag));
        await run("docker", ["rmi", base]);
    });
}

async function buildNodeBase(image: string, programs: Map<string, string>, context: string): Promise<void> {
    const root = path.join(context, "files");
    const kind = await downloadModule(kindModule.module, kindModule.version);
    copyTree(path.join(kind.Dir, kindModule.files), root);
    for (const script of ["kind/bin", "usr/local/bin"].flatMap(dir => list(path.join(root, dir)))) {
        fs.chmodSync(script, 0o755); // modules don't store file modes
    }
    copyTree(path.join(sources, "files"), root);
    for (const [program, dir] of Object.entries(programPaths)) {
        fs.mkdirSync(path.join(root, dir), { recursive: true });
        fs.copyFileSync(programs.get(program) as string, path.join(root, dir, program));
    }
    fs.writeFileSync(path.join(root, "kind/version"), versions.kubernetes);
    fs.writeFileSync(path.join(root, "kind/manifests/default-storage.yaml"), await storage());
    const network = path.join(root, "kind/manifests/default-cni.yaml");
    const changes = { "${localPathHelper}": images.busybox };
    // kind applies one file.
    fs.writeFileSync(network, [replaceAll(fs.readFileSync(network, "utf8"), changes), networkPoliciesManifest()].join("---\n"));
    for (const script of ["pod-network", "network-policies"]) fs.chmodSync(path.join(root, "kind/bin", script), 0o755);
    fs.copyFileSync(path.join(sources, "Dockerfile"), path.join(context, "Dockerfile"));
    await dockerBuild(image, context, [`PAUSE_IMAGE=${pauseImage}`]);
}

async function storage(): Promise<string> {
    const { Dir } = await downloadModule(storageManifest.module, storageManifest.version);
    return replaceAll(fs.readFileSync(path.join(Dir, storageManifest.file), "utf8"), storageManifest.changes);
}

/** Has the base image's containerd import the archive, and commits the result. */
async function importImages(base: string, archive: string, image: string): Promise<void> {
    const container = await run("docker", ["run", "--detach", "--entrypoint", "containerd", base]);
    try {
        const ctr = ["exec", "--interactive", container, "ctr", "--namespace", "k8s.io", "images"];
        for (let i = 0; ; i++) {
            const error = await run("docker", [...ctr, "list", "--quiet"]).then(() => undefined, (e: Error) => e);
            if (!error) break;
            if (i === 30) throw error;
            await new Promise(resolve => setTimeout(resolve, 500));
        }
        // Unpacked on first use, so the image contains each layer once.
        await pipe(["cat", archive], ["docker", ...ctr, "import", "--all-platforms", "--no-unpack", "-"]);
        await run("docker", ["kill", "--signal", "SIGTERM", container]);
        await run("docker", ["wait", container]);
        const entrypoint = 'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]';
        await run("docker", ["commit", "--change", entrypoint, container, image]);
    } finally {
        await run("docker", ["rm", "--force", "--volumes", container]);
    }
}

/** Replaces texts. Throws if one is missing, because a new version of the file must then be reviewed. */
function replaceAll(text: string, changes: Record<string, string>): string {
    for (const [from, to] of Object.entries(changes)) {
        if (!text.includes(from)) throw new Error(`A file of the node image no longer contains "${from}".`);
        text = text.replaceAll(from, to);
    }
    return text;
}

/** Copies a directory without its modes: the module cache is read-only. */
function copyTree(from: string, to: string): void {
    for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
        const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
        if (entry.isDirectory()) {
            copyTree(source, target);
        } else {
            fs.mkdirSync(to, { recursive: true });
            fs.rmSync(target, { force: true });
            fs.writeFileSync(target, fs.readFileSync(source), { mode: fs.statSync(source).mode | 0o200 });
        }
    }
}

function list(dir: string): string[] {
    return fs.readdirSync(dir).map(name => path.join(dir, name));
}
