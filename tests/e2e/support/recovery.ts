import { expect, it } from "vitest";
import type { Server } from "./rotation";
import { sharedDirectory } from "./machines";
import { figure } from "./stack";
import { timed } from "./wait";

const snapshots = { repository: `${sharedDirectory}/etcd`, password: "correct horse battery staple" };

/** A server whose data and machine may be lost. */
interface Lost extends Server {
    /** All that the program has said. */
    logged: () => string;
    /** Waits until the site answers. */
    answers: () => Promise<void>;
    /** Has another, bare machine in its place. */
    reinstall: () => Promise<void>;
}

/** A server takes snapshots, and comes back from them. */
export function comesBackFromSnapshots(server: () => Lost): void {
    const sh = (command: string) => server().machines.exec(server().machine, "bash", "-c", command);
    const kubectl = (args: string) => sh(`kubectl --kubeconfig /etc/kubernetes/admin.conf ${args}`);
    const noted = async () => (await kubectl("get configmaps --namespace default --output name")).split("\n")
        .filter(name => !/kube-root-ca/.test(name));
    const count = async () => {
        const list = `RESTIC_PASSWORD='${snapshots.password}' restic --no-cache --repo ${snapshots.repository} snapshots --json`;
        return (JSON.parse(await sh(list)) as unknown[]).length;
    };
    const restored = (restore: string) => server().apply({ snapshots: { ...snapshots, restore } });

    it("takes snapshots of etcd, the first at once and others by itself", async () => {
        expect((await server().apply({ snapshots })).changes).toMatchObject({ create: 1, update: 0, replace: 0, delete: 0 });
        expect(await count()).toBe(1);
        await kubectl("create configmap before --namespace default");
        expect(await sh("systemctl is-active landfall-snapshot.timer")).toBe("active");
        await sh("systemctl start landfall-snapshot.service");
        expect(await count()).toBeGreaterThanOrEqual(1);
        await kubectl("create configmap after --namespace default");
        expect(await sh("stat --format '%a %U' /etc/landfall/snapshots.env")).toBe("600 root");
        expect(await sh("ls -d /var/lib/landfall/snapshot /var/lib/etcd/landfall.snapshot* 2>/dev/null || true")).toBe("");
        expect(server().logged()).not.toContain(snapshots.password);
    });

    it("refuses a snapshot that isn't there, and changes nothing", async () => {
        await expect(restored("0123abcd")).rejects.toThrow(/has no snapshot 0123abcd\. Nothing was changed\. There are:\n {2}[0-9a-f]{8}/);
        expect(await noted()).toEqual(["configmap/after", "configmap/before"]);
    });

    it("comes back from the latest when etcd's data is destroyed, once", async () => {
        await sh("rm -rf /var/lib/etcd/member; crictl stop --timeout 0 $(crictl ps --quiet --name '^etcd$')");
        figure("a server restored, all data of etcd destroyed", `${await timed(() => restored("latest"))} s`);
        expect(await noted()).toEqual(["configmap/before"]);
        await server().answers();
        const { changes } = await restored("latest");
        expect({ ...changes, same: 0 }).toEqual({ create: 0, update: 0, replace: 0, delete: 0, same: 0 });
    });

    it("comes back on a bare machine when all of it is lost", async () => {
        const secret = async () => kubectl("get secret --namespace default kept --output jsonpath={.data.word}");
        await kubectl("create secret generic kept --namespace default --from-literal word=kept");
        await sh("systemctl start landfall-snapshot.service");
        const word = await secret();
        await server().reinstall();
        figure("a server restored, the machine lost", `${await timed(() => restored("latest"))} s`);
        expect(await noted()).toEqual(["configmap/before"]);
        // Encrypted at rest with a key that only the lost machine had, and the snapshot.
        expect(await secret()).toBe(word);
        await server().answers();
        expect(await sh("systemctl is-active landfall-snapshot.timer")).toBe("active");
    });
}
