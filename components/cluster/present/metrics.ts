import { isKnown, knownText } from "../../known-versions";
import type { Present } from "../cluster";
import type { LiveObject } from "../ownership/classify";
import { type ClusterReader, type Finding, madeByText, versionOfImage } from "./reader";

interface ApiService extends LiveObject {
    spec: { service?: { name: string; namespace: string } };
    status?: { conditions?: { type: string; status: string; message?: string }[] };
}

/** The API from which autoscalers read the pods' CPU usage, if others installed what serves it. */
export async function findMetrics(reader: ClusterReader): Promise<Finding<NonNullable<Present["metrics"]>>> {
    const api = await reader.get<ApiService>("/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io");
    if (api === undefined || reader.isForeign(api) === false) return {};
    const version = await versionOf(reader, api);
    const title = `metrics-server${version ? ` ${version}` : ""} (${madeByText(api)})`;
    const override = "or set landfall:cluster.metrics to builtin, which uses it unchecked";

    if (version !== undefined && !isKnown("metricsServer", version)) {
        return { problems: [{
            problem: `${title} is none of the versions that Landfall knows`, known: knownText("metricsServer"),
            way: `install one of these versions, ${override}`,
        }] };
    }
    const available = api.status?.conditions?.find(({ type }) => type === "Available");
    if (available?.status !== "True") {
        return { problems: [{
            problem: `${title} doesn't answer: ${available?.message ?? "its API isn't available"}`, passing: true,
            way: `repair it, or remove it the way it was installed, with the APIService v1beta1.metrics.k8s.io; ${override}`,
        }] };
    }
    return { present: { version } };
}

/** The version of the metrics-server behind the API. Others, such as an adapter for Prometheus, only have to answer. */
async function versionOf(reader: ClusterReader, { spec: { service } }: ApiService): Promise<string | undefined> {
    if (service === undefined) return undefined;
    const { namespace, name } = service;
    const found = await reader.get<{ spec: { selector?: Record<string, string> } }>(`/api/v1/namespaces/${namespace}/services/${name}`);
    const selector = Object.entries(found?.spec.selector ?? {});
    if (selector.length === 0) return undefined;
    const deployments = await reader.deployments(`/apis/apps/v1/namespaces/${namespace}/deployments`);
    const behind = deployments.filter(({ spec: { template } }) =>
        selector.every(([key, value]) => template.metadata?.labels?.[key] === value));
    const images = behind.flatMap(({ spec: { template } }) => template.spec.containers.map(({ image }) => image));
    return images.filter(image => /(^|\/)metrics-server[:@-]/.test(image)).map(versionOfImage).find(version => version !== undefined);
}
