import { ClusterArgs, ClusterContext } from "../../../components/cluster";
import { parseSettings } from "../../../infra/config";
import { captureCluster, CapturedCluster } from "./cluster";

/** What a person has to write; everything else is a default. */
export const least = {
    target: "eks",
    account: "123456789012",
    region: "eu-west-1",
    authorizedNetworks: ["203.0.113.0/24"],
    admins: ["arn:aws:iam::123456789012:role/Operator"],
};

/** Both sizes, with both ways to have nodes. */
export const variants = (["development", "production"] as const).flatMap(size =>
    (["pools", "auto"] as const).map(provisioning => ({ size, provisioning })));

/** The target's args, as the config makes them of `landfall:cluster`. */
export function eksArgs(changes: object = {}): Extract<ClusterArgs, { target: "eks" }> {
    const raw = { cluster: { ...least, ...changes }, environment: { name: "production", host: "www.example.com" } };
    const { cluster } = parseSettings(raw, "test");
    if (cluster.target !== "eks") throw new Error("These settings are another target's.");
    return cluster;
}

const captured = new Map<string, Promise<CapturedCluster>>();

/** Makes a cluster of these settings, once. */
export function captureEks(changes: object = {}, context: ClusterContext = {}): Promise<CapturedCluster> {
    const key = JSON.stringify([changes, context]);
    const capture = captured.get(key) ?? captureCluster(eksArgs(changes), context);
    captured.set(key, capture);
    return capture;
}
