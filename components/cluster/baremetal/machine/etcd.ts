// etcd's members: how they are reached, checked and removed.
import type { NodeFacts } from "../program/facts";
import { type Task, task } from "./script";

/** A bash function: runs etcdctl in the container of this node's etcd. */
export const etcdctl = `pki=/etc/kubernetes/pki/etcd
etcdctl() {
    crictl exec "$(crictl ps --quiet --state Running --label io.kubernetes.container.name=etcd | head -n 1)" etcdctl \\
        --endpoints https://127.0.0.1:2379 --cacert $pki/ca.crt --cert $pki/server.crt --key $pki/server.key "$@"
}`;

/** Runs on a control-plane node before it is drained: etcd must keep its quorum without it. */
export const quorumTasks = [task("Check that all members of etcd are healthy", etcdctl,
    `etcdctl endpoint health --cluster >/dev/null`)];

/** Runs on a control-plane node that stays: removes another node from etcd, if it was a member, and from the cluster. */
export function removeNodeTasks(name: string): Task[] {
    return [
        task(`Remove ${name} from etcd`, etcdctl,
            `id=$(etcdctl member list | awk -F', ' '$3 == "${name}" { print $1 }')`,
            `if [ -n "$id" ]; then etcdctl member remove "$id" >/dev/null; fi`),
        task(`Remove ${name} from the cluster`, `kubectl delete node ${name} --ignore-not-found --wait=false >/dev/null`),
    ];
}

/**
 * Runs on a control-plane node before another joins, because etcd accepts no new member while one is dead. Removes members
 * that don't answer and are no longer in the settings (`names`). Also removes what the joining node was before: a member
 * that has lost its data can't start again.
 */
export function removeDeadNodesTasks(names: string[], joining: Pick<NodeFacts, "name" | "address">): Task[] {
    return [task("Remove dead control-plane nodes that are no longer in the settings", etcdctl,
        `etcdctl member list | while IFS=', ' read -r id _ name peer url _; do`,
        `    if [ "$name" != ${joining.name} ] && [ "$peer" != https://${joining.address}:2380 ]; then`,
        `        case " ${names.join(" ")} " in *" $name "*) continue ;; esac`,
        `        if curl --silent --max-time 5 --cacert $pki/ca.crt --cert $pki/server.crt --key $pki/server.key \\`,
        `            --output /dev/null "$url/health"; then continue; fi`,
        `    fi`,
        `    etcdctl member remove "$id" >/dev/null`,
        `    if [ -n "$name" ]; then kubectl delete node "$name" --ignore-not-found --wait=false >/dev/null; fi`,
        `done`)];
}
