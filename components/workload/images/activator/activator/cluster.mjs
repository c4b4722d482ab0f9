// @ts-check
import * as fs from "node:fs";
import * as http from "node:http";
import * as https from "node:https";

/** The field manager, by which others tell who suspended a task: components/workload/labels.ts has it too. */
const manager = "landfall-activator";
/** Milliseconds that one question to the API server may take. */
const patience = 5000;

/**
 * A workload of the environment.
 * @typedef {object} Workload
 * @property {"Deployment" | "StatefulSet" | "CronJob" | "Job"} kind
 * @property {string} name
 * @property {number} replicas How many it has when it wakes. An autoscaler adds more. 0 for a CronJob or a Job.
 *
 * What the API server says of it.
 * @typedef {object} State
 * @property {boolean} stopped Whether it is scaled to 0, or suspended.
 * @property {boolean} ready Whether a pod of it is ready and stays. A CronJob and a Job always are.
 * @property {boolean} ended Whether no pod and no run of it is left.
 */

const groups = { Deployment: "apps/v1", StatefulSet: "apps/v1", CronJob: "batch/v1", Job: "batch/v1" };

/** The workloads of one namespace, by the Kubernetes API. */
export class Cluster {
    /** @param {{ server: string, namespace: string, tokenFile?: string, caFile?: string }} access */
    constructor({ server, namespace, tokenFile, caFile }) {
        this.server = server;
        this.namespace = namespace;
        this.tokenFile = tokenFile;
        this.ca = caFile === undefined ? undefined : fs.readFileSync(caFile);
    }

    /**
     * @param {Workload} workload
     * @returns {Promise<State>}
     */
    async read(workload) {
        if (workload.kind === "Job") return { stopped: false, ready: true, ended: await this.#hasEnded(workload) };
        const { metadata = {}, spec = {}, status = {} } = await this.ask("GET", this.path(workload));
        if (workload.kind === "CronJob") {
            return { stopped: spec.suspend === true, ready: true, ended: (status.active ?? []).length === 0 };
        }
        // Until the controller has seen the last change, the status is that of the one before.
        const current = (status.observedGeneration ?? 0) >= (metadata.generation ?? 0);
        const left = (status.replicas ?? 0) + (status.terminatingReplicas ?? 0);
        // A StatefulSet counts a pod as ready that is ending, and gets no other until it has ended.
        const stays = workload.kind !== "StatefulSet" || (status.currentReplicas ?? 0) + (status.updatedReplicas ?? 0) > 0;
        return { stopped: spec.replicas === 0, ready: current && stays && (status.readyReplicas ?? 0) > 0, ended: current && left === 0 };
    }

    /** An update deletes a Job and creates the next one. @param {Workload} job */
    async #hasEnded(job) {
        const { status = {} } = await this.ask("GET", this.path(job)).catch(error => {
            if (error.status !== 404) throw error;
            return { status: { conditions: [{ type: "Complete", status: "True" }] } };
        });
        return (status.conditions ?? []).some((/** @type {{ type: string, status: string }} */ { type, status }) => ["Complete", "Failed"].includes(type) && status === "True");
    }

    /** @param {Workload} workload */
    async start(workload) {
        await this.change(workload, { suspend: false }, { replicas: workload.replicas });
    }

    /** @param {Workload} workload */
    async stop(workload) {
        await this.change(workload, { suspend: true }, { replicas: 0 });
    }

    /**
     * @param {Workload} workload
     * @param {object} task
     * @param {object} scale
     */
    async change(workload, task, scale) {
        const isTask = workload.kind === "CronJob";
        const path = `${this.path(workload)}${isTask ? "" : "/scale"}?fieldManager=${manager}`;
        await this.ask("PATCH", path, { spec: isTask ? task : scale });
    }

    /** @param {Workload} workload */
    path({ kind, name }) {
        return `/apis/${groups[kind]}/namespaces/${this.namespace}/${kind.toLowerCase()}s/${name}`;
    }

    /**
     * @param {string} method
     * @param {string} path
     * @param {object} [patch]
     * @returns {Promise<any>}
     */
    ask(method, path, patch) {
        const { request } = this.server.startsWith("https:") ? https : http;
        const headers = {
            Accept: "application/json",
            ...(patch && { "Content-Type": "application/merge-patch+json" }),
            // Read each time, because the kubelet renews it.
            ...(this.tokenFile !== undefined && { Authorization: `Bearer ${fs.readFileSync(this.tokenFile, "utf8").trim()}` }),
        };
        return new Promise((resolve, reject) => {
            const sent = request(`${this.server}${path}`, { method, headers, ca: this.ca, timeout: patience }, response => {
                let text = "";
                response.setEncoding("utf8").on("error", reject).on("data", chunk => { text += chunk; }).on("end", () => {
                    const answer = fromJson(text);
                    if (response.statusCode === 200) resolve(answer);
                    else reject(Object.assign(new Error(`${method} ${path}: ${response.statusCode} ${answer.message ?? ""}`.trim()), { status: response.statusCode }));
                });
            });
            sent.on("timeout", () => sent.destroy(new Error(`${method} ${path}: no answer within ${patience / 1000} s`)));
            sent.on("error", reject).end(patch && JSON.stringify(patch));
        });
    }
}

/**
 * @param {string} text
 * @returns {any}
 */
function fromJson(text) {
    try {
        return JSON.parse(text);
    } catch {
        return {};
    }
}
