// Deletes the stack's cluster; what is gone already, or belongs to someone else, is left alone. Needs no incarnation,
// so it also removes what an interrupted run left.
import { readRecord, removeRecord } from "../scripts/home.mjs";
import { main, setting } from "../scripts/process.mjs";
import { deleteNodes, listNodes } from "./nodes.mjs";

main(() => {
    const cluster = setting("CLUSTER_NAME");
    const record = readRecord(cluster);
    if (record && record.owner !== setting("CLUSTER_OWNER")) return;
    const nodes = listNodes(cluster);
    if (nodes.length > 0 && nodes.every(node => node.ours)) deleteNodes(cluster);
    removeRecord(cluster);
});
