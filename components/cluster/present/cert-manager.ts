import { isAtLeast, isKnown, isSameMinor, knownText } from "../../known-versions";
import type { Present } from "../cluster";
import { KubernetesError, send } from "../kubernetes-api";
import type { LiveObject } from "../ownership/classify";
import { readSettings, type ControllerSettings } from "./controller-settings";
import { identify } from "./gateway-api";
import { type ClusterReader, type Deployment, type Finding, madeByText, namesText, type Problem, versionOfImage } from "./reader";

type CertManager = NonNullable<Present["certManager"]>;

/** Who signs certificates, which decides the features that cert-manager needs. `any` needs those of either. */
export type Issuer = "ca" | "acme" | "any";

const definitions = [
    "certificates.cert-manager.io", "certificaterequests.cert-manager.io", "issuers.cert-manager.io",
    "clusterissuers.cert-manager.io", "orders.acme.cert-manager.io", "challenges.acme.cert-manager.io",
];
/** Landfall's own. */
const ownController = "/apis/apps/v1/namespaces/landfall-certificates/deployments/cert-manager";

/** cert-manager, if others installed it. Two of them would sign the same certificates. */
export async function findCertManager(reader: ClusterReader, issuer: Issuer): Promise<Finding<CertManager>> {
    const labelled = "/apis/apps/v1/deployments?labelSelector=app.kubernetes.io%2Fcomponent%3Dcontroller";
    const [crds, own, candidates] = await Promise.all([
        reader.definitions(definitions), reader.get<LiveObject>(ownController), reader.deployments(labelled),
    ]);
    if (crds.some(crd => reader.isListed(crd)) || (own !== undefined && !reader.isForeign(own))) return {};
    const foreign = crds.filter(crd => reader.isForeign(crd));
    const found = candidates.filter(one => isController(one) && reader.isForeign(one));
    // Not everyone labels it.
    const controllers = found.length > 0 || foreign.length === 0 ? found
        : (await reader.deployments("/apis/apps/v1/deployments")).filter(one => controllerContainer(one) !== undefined && reader.isForeign(one));
    if (controllers.length === 0) return foreign.length === 0 ? {} : { problems: [withoutController(foreign)] };

    const [controller] = controllers.sort((a, b) => replicasOf(b) - replicasOf(a));
    const version = versionOf(controller);
    const settings = await readSettings(reader, containerOf(controller), controller);
    const problems = [...incomplete(controller, crds), ...unsuited(controller, crds, settings)];
    if (problems.length > 0 || version === undefined) return { problems };
    const obstacles = { ca: await withoutAuthority(reader, controller, settings), acme: await withoutChallenges(reader, controller, settings) };
    const issuers = (["ca", "acme"] as const).filter(each => obstacles[each].length === 0);
    if (issuer === "any" ? issuers.length === 0 : !issuers.includes(issuer)) return { problems: obstacles[issuer === "any" ? "ca" : issuer] };
    return { present: {
        version, id: identify(crds.map(({ metadata }) => metadata.uid)), solverResources: isAtLeast(version, "v1.19"), issuers,
    } };
}

/** Why this cert-manager can't sign with a stack's own CA. */
async function withoutAuthority(reader: ClusterReader, controller: Deployment, { nameConstraints }: ControllerSettings): Promise<Problem[]> {
    return nameConstraints ? tried(reader, controller, "ca") : [withoutConstraints(titleOf(controller))];
}

/** Why it can't get certificates from an ACME server. */
async function withoutChallenges(reader: ClusterReader, controller: Deployment, { gatewayApi }: ControllerSettings): Promise<Problem[]> {
    return gatewayApi ? tried(reader, controller, "acme") : [{
        problem: `${titleOf(controller)} runs without support for the Gateway API, so it can't answer the challenges of an ACME server`,
        way: "install the Gateway API's CRDs, and start it with --enable-gateway-api (in its Helm chart: config.enableGatewayAPI). "
            + "Or set landfall:environment.tls.issuer to ca",
    }];
}

function isController(deployment: Deployment): boolean {
    return deployment.metadata.labels?.["app.kubernetes.io/name"] === "cert-manager" || controllerContainer(deployment) !== undefined;
}

function controllerContainer({ spec }: Deployment): Container | undefined {
    return spec.template.spec.containers.find(({ image }) => /(^|\/)cert-manager-controller([:@]|$)/.test(image));
}

type Container = Deployment["spec"]["template"]["spec"]["containers"][number];

function containerOf(deployment: Deployment): Container {
    return controllerContainer(deployment) ?? deployment.spec.template.spec.containers[0];
}

/** Some distributions name images by digest only. */
function versionOf(controller: Deployment): string | undefined {
    return versionOfImage(containerOf(controller).image) ?? controller.metadata.labels?.["app.kubernetes.io/version"];
}

function replicasOf({ status }: Deployment): number {
    return status?.availableReplicas ?? 0;
}

function titleOf(controller: Deployment): string {
    const version = versionOf(controller) ?? "of an unknown version";
    return `cert-manager ${version} (Deployment ${namesText([controller])}, ${madeByText(controller)})`;
}

function withoutController(crds: LiveObject[]): Problem {
    return {
        problem: `cert-manager is incomplete: there are its CRDs (${madeByText(crds[0])}), but no controller that would issue a certificate`,
        known: knownText("certManager"),
        way: "complete its installation. Or, if nobody needs these CRDs, remove them the way they were installed, and Landfall installs "
            + `its own cert-manager: ${namesText(crds)}`,
    };
}

/** What is missing or isn't running. */
function incomplete(controller: Deployment, crds: LiveObject[]): Problem[] {
    const missing = definitions.filter(name => crds.every(({ metadata }) => metadata.name !== name));
    if (missing.length > 0) {
        return [{
            problem: `${titleOf(controller)} is incomplete: it lacks the CRDs ${missing.join(", ")}`,
            way: "complete its installation with the CRDs of the same version",
        }];
    }
    if (replicasOf(controller) > 0) return [];
    return [{
        problem: `${titleOf(controller)} isn't running: none of its pods is available`, passing: true,
        way: "start it again; its pods' logs say why they fail. With support for the Gateway API, it needs the Gateway API's CRDs to start",
    }];
}

/** What its version or its settings lack, whichever the issuer. */
function unsuited(controller: Deployment, crds: LiveObject[], settings: ControllerSettings): Problem[] {
    const title = titleOf(controller);
    const version = versionOf(controller);
    if (version === undefined || !isKnown("certManager", version)) {
        return [{
            problem: `${title} is none of the versions that Landfall knows`, known: knownText("certManager"),
            way: "install one of these versions, or choose another cluster",
        }];
    }
    const others = [...new Set(crds.map(({ metadata }) => metadata.labels?.["app.kubernetes.io/version"]))]
        .filter(other => other !== undefined && !isSameMinor(other, version));
    const problems: Problem[] = others.length === 0 ? [] : [{
        problem: `${title} has CRDs of ${others.join(", ")}`, way: `install the CRDs of ${version}`,
    }];
    if (settings.namespace !== undefined) {
        problems.push({
            problem: `${title} only issues certificates in the namespace ${settings.namespace}`,
            way: "let it watch all namespaces, without the argument --namespace",
        });
    }
    return problems;
}

/** Without name constraints, a stolen CA key could sign for any host that the CA's users visit. */
function withoutConstraints(title: string): Problem {
    return {
        problem: `${title} runs with the feature gate NameConstraints off, so the stack's own CA would be valid for any host`,
        way: "leave that feature gate on, as it is by default, in the controller and in the webhook. Or set "
            + "landfall:environment.tls.issuer to acme",
    };
}

/** Creates a certificate as a dry run, which also shows whether the webhook answers. */
async function tried(reader: ClusterReader, controller: Deployment, issuer: "ca" | "acme"): Promise<Problem[]> {
    const path = "/apis/cert-manager.io/v1/namespaces/default/certificates?dryRun=All&fieldValidation=Strict";
    const authority = {
        isCA: true, usages: ["cert sign"], nameConstraints: { critical: true, permitted: { dnsDomains: ["landfall.invalid"] } },
    };
    const body = {
        apiVersion: "cert-manager.io/v1",
        kind: "Certificate",
        metadata: { generateName: "landfall-check-", namespace: "default" },
        spec: {
            secretName: "landfall-check",
            ...(issuer === "ca" ? { commonName: "Landfall", ...authority } : { dnsNames: ["landfall.invalid"] }),
            privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
            issuerRef: { kind: "Issuer", name: "landfall-check" },
        },
    };
    const error = await send(reader.connection, "POST", path, { body, seconds: 15 }).then(() => undefined, (reason: Error) => reason);
    // A policy of others may refuse it in that namespace. That isn't cert-manager's fault.
    if (!(error instanceof KubernetesError)) return [];
    const title = titleOf(controller);
    if (/failed calling webhook/.test(error.message)) {
        return [{
            problem: `${title} has a webhook that doesn't answer: ${error.message}`, passing: true,
            way: "repair its webhook; without it, none of its objects can be created",
        }];
    }
    if (/NameConstraints must be enabled/.test(error.message)) return [withoutConstraints(title)];
    return /strict decoding error|unknown field/.test(error.message)
        ? [{ problem: `${title} has CRDs without a field that Landfall uses: ${error.message}`, way: "install the CRDs of its own version" }]
        : [];
}
