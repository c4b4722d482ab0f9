import { expect, it } from "vitest";
import type { Server } from "./rotation";
import { sharedDirectory } from "./machines";
import { npm } from "./npm";
import { patiently } from "./patience";
import { figure } from "./stack";
import { timed } from "./wait";

// None of the schedule's own comes between what is noted and what is restored.
const snapshots = { repository: `${sharedDirectory}/etcd`, password: "correct horse battery staple", schedule: "yearly" };

/** A server whose data and machine may be lost. */
interface Lost extends Server {
    /** All that the program has said. */
    logged: () => string;
    /** Waits until the site answers. */
    answers: () => Promise<void>;
    /** Has another, bare machine in its place. */
    reinstall: () => Promise<void>;
    /** Begins what `apply` does and kills it; returns what it was at. */
    interrupt: (changes: object, seconds: number) => Promise<string>;
}

/** A server takes snapshots, and comes back from them. */
export function comesBackFromSnapshots(server: () => Lost): void {
    const sh = (command: string) => server().machines.exec(server().machine, "bash", "-c", command);
    const kubectl = (args: string) => patiently(() => sh(`kubectl --kubeconfig /etc/kubernetes/admin.conf ${args}`));
    /** Makes it unless it is there: a try may have made it although its answer was lost. */
    const create = (kind: string, name: string, more = "") =>
        patiently(() => sh(`export KUBECONFIG=/etc/kubernetes/admin.conf; kubectl get ${kind.split(" ")[0]} ${name} --namespace default || ` +
            `kubectl create ${kind} ${name} --namespace default ${more}`));
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
        await create("configmap", "before");
        expect(await sh("systemctl is-active landfall-snapshot.timer")).toBe("active");
        await sh("systemctl start landfall-snapshot.service");
        expect(await count()).toBeGreaterThanOrEqual(1);
        await create("configmap", "after");
        expect(await sh("stat --format '%a %U' /etc/landfall/snapshots.env")).toBe("600 root");
        expect(await sh("ls -d /var/lib/landfall/snapshot /var/lib/etcd/landfall.snapshot* 2>/dev/null || true")).toBe("");
        expect(server().logged()).not.toContain(snapshots.password);
    });

    it("refuses a snapshot that isn't there, and changes nothing", async () => {
        await expect(restored("0123abcd")).rejects.toThrow(/has no snapshot 0123abcd\. Nothing was changed\. There are:\n {2}[0-9a-f]{8}/);
        expect(await noted()).toEqual(["configmap/after", "configmap/before"]);
    });

    it("refuses snapshots that are damaged, another cluster's, or of another version, and changes nothing", async () => {
        const refused = async (name: string, prepare: string): Promise<string> => {
            const repository = `${sharedDirectory}/${name}`;
            await sh(`cp -r ${snapshots.repository} ${repository}; ${prepare.replaceAll("@", repository)}`);
            return server().apply({ snapshots: { ...snapshots, repository, restore: "latest" } })
                .then(() => "it was accepted", (error: Error) => error.message);
        };
        const altered = (change: string) => `export RESTIC_PASSWORD='${snapshots.password}' RESTIC_REPOSITORY=@
            restic --no-cache --quiet restore latest --target / && ${change} &&
            restic --no-cache --quiet backup --host server --tag landfall-etcd /var/lib/landfall/snapshot && rm -rf /var/lib/landfall/snapshot`;
        expect(await refused("damaged", "for file in @/data/*/*; do printf x | " +
            "dd of=$file bs=1 seek=$(($(stat --format %s $file) / 2)) conv=notrunc status=none; done")).toMatch(
            /server .*: Download the snapshot failed\..*Nothing was changed/s);
        expect(await refused("other", altered("cp /etc/kubernetes/pki/front-proxy-ca.crt /var/lib/landfall/snapshot/pki/ca.crt")))
            .toMatch(/The snapshot is of another cluster.*Nothing was changed/s);
        expect(await refused("older", altered("echo v1.35.9 > /var/lib/landfall/snapshot/version"))).toMatch(
            /The snapshot was taken with Kubernetes v1\.35\.9, but the settings say v1\..*Nothing was changed/s);
        expect(await noted()).toEqual(["configmap/after", "configmap/before"]);
        await sh(`rm -r ${sharedDirectory}/{damaged,other,older}`);
    });

    it("comes back from the latest when etcd's data is destroyed, once, and through an interruption", async () => {
        await sh("rm -rf /var/lib/etcd/member; crictl stop --timeout 0 $(crictl --timeout 60s ps --quiet --name '^etcd$')");
        const seconds = 3 + Math.random() * 15;
        const latest = { snapshots: { ...snapshots, restore: "latest" } };
        figure(`a restore killed after ${seconds.toFixed(1)} s, at`, await server().interrupt(latest, seconds));
        figure("a server restored, all data of etcd destroyed, from there", `${await timed(() => restored("latest"))} s`);
        expect(await noted()).toEqual(["configmap/before"]);
        await server().answers();
        const { changes } = await restored("latest");
        expect({ ...changes, same: 0 }).toEqual({ create: 0, update: 0, replace: 0, delete: 0, same: 0 });
    });

    it("comes back on a bare machine when all of it is lost", async () => {
        const secret = async () => kubectl("get secret --namespace default kept --output jsonpath={.data.word}");
        await create("secret generic", "kept", "--from-literal word=kept");
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

    it("reports a failed snapshot in npm run status until the next one is taken", async () => {
        const status = async () => {
            const { stdout } = await npm(["run", "-s", "status", "--", "--stack", "metal", "--json"], {}, false);
            const { etcdSnapshot = "", problems } = JSON.parse(stdout) as { etcdSnapshot?: string; problems: { rule: string; matter: string }[] };
            return { taken: Date.parse(etcdSnapshot), said: problems.filter(({ rule }) => rule === "etcd-snapshot").map(({ matter }) => matter) };
        };
        await sh(`mv ${snapshots.repository} ${snapshots.repository}.away; ! systemctl start landfall-snapshot.service`);
        const failed = await status();
        expect(failed.said).toEqual([expect.stringMatching(/^failed .* ago on server: Fatal: .*does not exist.*The last good one is .* old$/)]);
        await sh(`mv ${snapshots.repository}.away ${snapshots.repository}; systemctl start landfall-snapshot.service`);
        const next = await status();
        expect(next.said).toEqual([]);
        expect(next.taken).toBeGreaterThan(failed.taken);
    });
}
