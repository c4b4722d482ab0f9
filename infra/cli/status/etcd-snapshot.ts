import { snapshotNotes } from "../../../components/cluster/baremetal/machine/snapshots";
import { type Fields, text, time } from "./fields";
import { nameOf } from "./objects";

/** The last snapshot of etcd that a machine took or tried to take; times are in milliseconds since 1970. */
interface EtcdSnapshot {
    node: string;
    /** When the last good one was taken, by whichever machine. */
    taken?: number;
    /** When the last one failed, and why; undefined if it didn't. */
    failed?: { time: number; why: string };
    /** When the next is due. */
    due?: number;
}

/** What the machines have recorded; undefined if none has. The one that leads etcd takes the snapshots, so the latest record counts. */
export function etcdSnapshotOf(nodes: Fields[]): EtcdSnapshot | undefined {
    const noted = nodes.map(noteOf).filter(({ taken, failed }) => taken !== undefined || failed !== undefined);
    const at = ({ taken, failed }: EtcdSnapshot): number => failed?.time ?? taken ?? 0;
    const last = noted.reduce<EtcdSnapshot | undefined>((latest, note) => (latest && at(latest) >= at(note) ? latest : note), undefined);
    const taken = Math.max(...noted.map(note => note.taken ?? 0));
    return last && { ...last, ...(taken > 0 && { taken }) };
}

function noteOf(node: Fields): EtcdSnapshot {
    const note = (which: keyof typeof snapshotNotes): string => text(node, "metadata", "annotations", snapshotNotes[which]);
    const [, when = "", why = ""] = /^(\S+) ?(.*)$/.exec(note("failed")) ?? [];
    const failed = time({ when }, "when");
    return {
        node: nameOf(node), taken: time({ at: note("taken") }, "at"), due: time({ at: note("due") }, "at"),
        ...(failed !== undefined && { failed: { time: failed, why } }),
    };
}
