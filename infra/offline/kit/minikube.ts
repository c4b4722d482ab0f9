import * as fs from "node:fs";
import * as path from "node:path";
import { kitMinikubeImage } from "../../../components/cluster/stand-ins";
import { imageTags as images, versions } from "../../../components/versions";
import { cached, cachedNames, contents, inTemporaryDir, keyOf } from "./cache";
import { minikube, minikubeAddons, storageProvisioner } from "./components";
import { buildGo } from "./go";
import { dockerBuild, ensureImage, saveImages } from "./images";
import { networkPoliciesManifest, podNetworkManifest } from "./network";
import { buildImage } from "./platform";
import { Log, run, step } from "./run";

const RECIPE = 1;
const sources = path.join(__dirname, "minikube");
/** The network that minikube gives to pods. */
const podSubnet = "10.244.0.0/16";

interface MinikubeKit {
    program: string;
    /** Settings of the target minikube. */
    settings: { kubernetesVersion: string; flags: string[] };
}

/** Builds minikube, its node image, and everything else that it needs to start a cluster without a registry. */
export async function buildMinikube(log: Log, nodeImage: string): Promise<MinikubeKit> {
    const program = path.join(await buildGo(log, minikube), "minikube");
    const provisioner = path.join(await buildGo(log, storageProvisioner), "storage-provisioner");
    const image = await buildMinikubeImage(log, nodeImage, provisioner);
    const manifest = [podNetworkManifest(podSubnet), networkPoliciesManifest()].join("---\n");
    const network = await cached("minikube-network", keyOf(manifest), async dir => {
        fs.writeFileSync(path.join(dir, "pod-network.yaml"), manifest);
    });
    return {
        program,
        settings: {
            kubernetesVersion: versions.kubernetes,
            flags: [
                `--base-image=${image}`, "--container-runtime=containerd", `--cni=${path.join(network, "pod-network.yaml")}`,
                // The nodes contain all images. minikube would remove those that it can't compare with a registry.
                "--preload=false", "--cache-images=false",
                // The kit runs as root, and Docker's network is in the range that is reserved for tests.
                "--force", "--network=bridge",
            ],
        },
    };
}

function buildMinikubeImage(log: Log, nodeImage: string, provisioner: string): Promise<string> {
    const files = fs.readdirSync(sources, { recursive: true, encoding: "utf8" }).sort()
        .map(file => path.join(sources, file)).filter(file => fs.statSync(file).isFile());
    const key = keyOf(RECIPE, nodeImage, minikubeAddons, contents(...files), cachedNames([provisioner]));
    const tag = `${kitMinikubeImage}:${versions.kubernetes}-${key}`;
    return ensureImage(log, tag, () => step(log, "build the node image of minikube", () =>
        inTemporaryDir("minikube", async context => {
            fs.cpSync(sources, context, { recursive: true });
            await addAddons(context, provisioner);
            await dockerBuild(tag, context, [
                `NODE_IMAGE=${nodeImage}`, `KUBERNETES=${versions.kubernetes}`,
                `METRICS_SERVER=${images.metricsServer}`, `METRICS_SERVER_OF_ADDON=${minikubeAddons.metricsServer}`,
            ]);
        })));
}

async function addAddons(context: string, provisioner: string): Promise<void> {
    const image = minikubeAddons.storageProvisioner;
    const component = { image, files: { "/storage-provisioner": "storage-provisioner" }, cmd: ["/storage-provisioner"] };
    await buildImage(component, new Map([["storage-provisioner", provisioner]]), context);
    await saveImages([image], path.join(context, "files/addons.tar"));
    await run("docker", ["rmi", "--force", image]);
}
