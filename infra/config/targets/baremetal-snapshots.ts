import * as z from "zod";
import { matching, whole } from "../schema/fields";

const repository = /^(\/[\w./-]*[\w-]|(sftp|s3|rest|azure|gs|b2|swift):[^\s'"]+)$/;
const variables = /^(\s*|\s*#.*|\s*[A-Z][A-Z0-9_]*=\S.*)(\r?\n(\s*|\s*#.*|\s*[A-Z][A-Z0-9_]*=\S.*))*$/;

/** Snapshots of etcd in a restic repository. */
export function snapshots() {
    return z.strictObject({
        repository: matching(
            "a restic repository: a directory that is mounted on the control-plane nodes, or one that begins with sftp:, "
                + "s3:, rest:, azure:, gs:, b2: or swift:", repository,
        ).meta({
            description: "Restic repository in which snapshots are kept, encrypted, on none of the nodes. If it doesn't exist yet, it "
                + "is created.",
            example: "/mnt/backup/etcd", change: "in place; older snapshots stay in the old one",
        }),
        password: matching("a secret of at least 12 characters on one line", /^[^\r\n]{12,}$/).meta({
            description: "Password that encrypts the repository, as a Pulumi secret. Keep a copy elsewhere: nothing can be restored "
                + "without it.",
            secret: true, change: "in place together with another `repository`; an existing one keeps its password",
        }),
        environment: matching("lines NAME=value, as in a file of environment variables", variables).optional().meta({
            description: "Environment variables that restic needs, such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, as a Pulumi "
                + "secret.",
            secret: true, example: "restic.env", defaultText: "none",
        }),
        schedule: matching("a calendar event of systemd, such as hourly or *:0/15", /^[A-Za-z0-9*:/., ~-]{1,60}$/)
            .default("hourly").meta({
                description: "When snapshots are taken, as a calendar event of systemd.", example: "*:0/15",
            }),
        keep: z.strictObject({
            hourly: whole(1, 1000).default(24).meta({ description: "Number of hours whose last snapshot is kept.", example: 48 }),
            daily: whole(1, 1000).default(7).meta({ description: "Number of days whose last snapshot is kept.", example: 14 }),
            weekly: whole(1, 1000).default(4).meta({ description: "Number of weeks whose last snapshot is kept.", example: 8 }),
        }).prefault({}).meta({ description: "Which snapshots are kept.", example: { daily: 14 } }),
        restore: matching("latest, or the ID of a snapshot: 8 to 64 of the digits 0-9a-f", /^(latest|[0-9a-f]{8,64})$/)
            .optional().meta({
                description: "Restores the cluster from this snapshot, once. Remove the key afterwards.",
                example: "latest", defaultText: "none",
            }),
    });
}
