import * as yaml from "yaml";
import { render } from "./npm";

/** A Kubernetes object as `npm run render` prints it, as much of it as the tests read. */
export interface RenderedObject {
    apiVersion: string;
    kind: string;
    metadata: { name: string; namespace?: string; labels?: Record<string, string> };
    spec?: {
        template?: { metadata: { labels: Record<string, string> } };
        jobTemplate?: { spec: { template: { metadata: { labels: Record<string, string> } } } };
    };
    data?: Record<string, string>;
    stringData?: Record<string, string>;
}

/** The stack's objects. */
export async function renderObjects(...args: string[]): Promise<RenderedObject[]> {
    return yaml.parseAllDocuments(await render(...args)).map(document => document.toJS() as RenderedObject);
}
