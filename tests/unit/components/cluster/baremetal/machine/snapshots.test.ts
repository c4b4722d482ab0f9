import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkApart, exportLines } from "../../../../../../components/cluster/baremetal/machine/snapshots";
import { before, scriptOf } from "../../../../support/operations";
import { type Answers, onMachine } from "../../../../support/standin";

describe.skipIf(process.platform !== "linux")("snapshots", () => {
    const script = () => before(scriptOf("second-snapshots"), "Take a snapshot").replace("if ! command -v restic >/dev/null; then", "if false; then");
    const elsewhere: Answers = { findmnt: `case "$*" in *landfall*) echo / ;; *) echo /mnt/backup ;; esac`, timeout: `shift; "$@"` };

    test("are of a repository that is made where there is none, and never where it is another's", () => {
        const none = `[ "$4" != init ] || exit 0; [ "$3 $4" != "cat config" ] && exit 0; echo 'repository does not exist' >&2; exit 10`;
        expect(onMachine({ ...elsewhere, restic: none }).run(script())).toMatchObject({ status: 0, calls: expect.arrayContaining(["restic --no-cache --quiet init"]) as string[] });
        const locked = onMachine({ ...elsewhere, restic: "echo 'Fatal: wrong password or no key found' >&2; exit 12" });
        const { status, stderr, calls } = locked.run(script());
        expect([status, stderr]).toEqual([1, expect.stringContaining("landfall:cluster.snapshots.password does not open /mnt/backup/etcd.")]);
        expect(calls.join()).not.toContain("init");
    });

    test("keep their password from others, and begin again only when something has changed", () => {
        const on = onMachine(elsewhere);
        expect(on.run(script()).calls).toEqual(expect.arrayContaining(["systemctl restart landfall-snapshot.timer"]));
        const file = path.join(on.directory, "etc/landfall/snapshots.env");
        expect([(fs.statSync(file).mode & 0o777).toString(8), fs.readFileSync(file, "utf8")]).toEqual(["600", expect.stringContaining("RESTIC_PASSWORD='PASSWORD'")]);
        expect(on.read("etc/systemd/system/landfall-snapshot.timer")).toContain("OnCalendar=hourly\nPersistent=true");
        expect(on.run(script()).calls).toEqual(expect.arrayContaining(["systemctl start landfall-snapshot.timer"]));
    });

    test("are refused a schedule that systemd doesn't know", () => {
        expect(onMachine({ ...elsewhere, "systemd-analyze": "exit 1" }).run(script())).toMatchObject({
            status: 1, stderr: expect.stringContaining("landfall:cluster.snapshots.schedule is not a valid systemd calendar event: hourly"),
        });
    });

    /** A machine that leads etcd, and takes a snapshot as its timer has it do. */
    function leader(answers: Answers = {}) {
        const on = onMachine({
            ...elsewhere, kubelet: "echo Kubernetes v1.36.4",
            "systemd-analyze": "printf '%s\\n' '    Next elapse: Mon 2026-11-30 03:00:00 CET' '       (in UTC): Mon 2026-11-30 02:00:00 UTC'",
            etcdctl: `case "$*" in
                "endpoint status"*) echo '{"member_id":7,"leader":7}' ;;
                "get /registry/configmaps"*) echo key ;;
                "snapshot save"*) touch "$3" ;;
            esac`,
            ...answers,
        });
        for (const file of ["pki/ca.crt", "pki/ca.key", "pki/sa.key", "pki/front-proxy-ca.key", "pki/etcd/ca.key", "landfall/encryption.json"]) {
            on.write(`etc/kubernetes/${file}`, "x");
        }
        on.write("var/lib/etcd/member/x", "").write("etc/kubernetes/manifests/etcd.yaml", "    - etcd\n    - --name=one\n");
        on.write("etc/landfall/snapshots.env", "export RESTIC_REPOSITORY=/mnt/backup/etcd RESTIC_PASSWORD=PASSWORD\n");
        const take = () => on.run(scriptOf("second-snapshots").split(/^cat > \S+take-snapshot.*\n/m)[1].split("\nLANDFALL_END")[0]);
        return { on, take, notes: () => take().calls.filter(call => call.startsWith("kubectl")) };
    }

    test("are taken by etcd's leader, with the keys, and older ones go", () => {
        const { on, take } = leader();
        const { stdout, stderr, calls } = take();
        expect([stdout.trim(), stderr]).toEqual(["saved", ""]);
        const restic = calls.filter(call => call.startsWith("restic"));
        expect(restic.map(call => call.split(" ")[3])).toEqual(["unlock", "backup", "forget"]);
        expect(restic[2]).toContain("--keep-hourly 24 --keep-daily 7 --keep-weekly 4 --prune");
        expect(on.read("var/lib/landfall/snapshot/etcd.db")).toBeUndefined();
        on.answers.etcdctl = `echo '{"member_id":7,"leader":8}'`;
        expect(take()).toMatchObject({ status: 0, stdout: "", calls: [expect.stringContaining("endpoint status")] });
    });

    test("are noted on the node: when the last was taken, and when the next is due", () => {
        const { notes } = leader();
        const [note, ...others] = notes();
        expect(others).toEqual([]);
        const [, taken] = /^kubectl annotate node one --overwrite --request-timeout 30s landfall\.dev\/snapshot-taken=(\S+Z) landfall\.dev\/snapshot-failed- landfall\.dev\/snapshot-due=2026-11-30T02:00:00Z$/
            .exec(note) ?? [];
        expect(Math.abs(Date.now() - Date.parse(taken))).toBeLessThan(60_000);
    });

    test.each<[what: string, answers: Answers, why: RegExp]>([
        ["no room", { restic: `[ "$3" != backup ] || { echo "Fatal: unable to save snapshot:" >&2; echo "	no space left on device" >&2; exit 1; }` },
            /Z Fatal: unable to save snapshot: no space left on device +landfall/],
        ["a login in an address, which it leaves out", { restic: `echo 'rest:https://me:hunter2@example.com/: refused' >&2; exit 1` },
            /Z rest:https:\/\/example\.com\/: refused +landfall/],
        ["a login whose password has an @", { restic: `echo 'rest:https://me:hunt@er2@example.com/: refused' >&2; exit 1` },
            /Z rest:https:\/\/example\.com\/: refused +landfall/],
        ["etcd that has lost its data", { etcdctl: `[ "$1" != endpoint ] || echo '{"member_id":7,"leader":7}'` }, /Z etcd has lost its data/],
        ["a repository on its own disk", { findmnt: "echo /" }, /Z \/mnt\/backup\/etcd is on this machine's own disk/],
        ["an end before its own", { restic: "kill -TERM $PPID; sleep 1" }, /snapshot-failed=\S+Z/],
    ])("are noted as failed, with the reason: %s", (_, answers, why) => {
        const { on, take } = leader(answers);
        const { status, stdout, calls } = take();
        expect(status).not.toBe(0);
        expect(stdout).toBe("");
        const [note, ...others] = calls.filter(call => call.startsWith("kubectl"));
        expect(others).toEqual([]);
        expect(note).toMatch(why);
        expect(note).toMatch(/snapshot-due=2026-11-30T02:00:00Z$/);
        expect(note).not.toMatch(/snapshot-taken|hunt|er2|PASSWORD/);
        expect([on.read("var/lib/landfall/snapshot/log"), on.read("run/landfall-snapshot.errors")]).toEqual([undefined, undefined]);
    });

    test("are taken and fail alike where nothing can be noted", () => {
        const { on, take } = leader({ kubectl: "echo 'the server is away' >&2; exit 1", "systemd-analyze": "exit 1" });
        expect(take()).toMatchObject({ status: 0, stdout: "saved\n" });
        on.answers.restic = "echo Fatal >&2; exit 1";
        expect(take()).toMatchObject({ status: 1, stderr: expect.stringContaining("Fatal") });
    });

    test("that have ended leave no schedule and no password behind", () => {
        const on = onMachine(elsewhere);
        on.run(script());
        const { status, calls } = on.run(scriptOf("second-snapshotsEnd"));
        expect([status, calls[0]]).toEqual([0, "systemctl disable --quiet --now landfall-snapshot.timer"]);
        expect(calls.at(-1)).toMatch(/^kubectl annotate nodes --all .*landfall\.dev\/snapshot-taken- landfall\.dev\/snapshot-failed- landfall\.dev\/snapshot-due-$/);
        const left = fs.readdirSync(path.join(on.directory, "etc"), { recursive: true, encoding: "utf8" }).filter(file => file.includes("snapshot"));
        expect(left).toEqual([]);
    });
});

describe("what restic gets", () => {
    test.skipIf(process.platform === "win32")("arrives as it was given, whatever characters it has", () => {
        const value = fc.stringMatching(/^[ -~]{1,40}$/).filter(text => text === text.trim());
        fc.assert(fc.property(value, value, (password, secret) => {
            const lines = exportLines({ repository: "s3:example/etcd", password, environment: `# a comment\r\n\r\nSECRET=${secret}\r\n` });
            const script = `${lines.join("\n")}\nprintf '%s\\n' "$RESTIC_REPOSITORY" "$RESTIC_PASSWORD" "$SECRET"`;
            expect(execFileSync("bash", ["-c", script], { encoding: "utf8" })).toBe(`s3:example/etcd\n${password}\n${secret}\n`);
        }), { numRuns: 40 });
    });
});

describe.skipIf(process.platform === "win32")("a repository", () => {
    const mounted = os.tmpdir();
    /** A findmnt that knows what is mounted where. */
    const mounts = 'findmnt() { case "$5" in "$MOUNTED"*) echo "$MNT" ;; /var/lib/landfall) echo "$OWN" ;; *) echo / ;; esac; }';
    const check = (repository: string, mnt: string, own = "/") => spawnSync("bash", ["-c", `${checkApart}\n${mounts}\ncheck_apart`], {
        encoding: "utf8", env: { ...process.env, MOUNTED: mounted, RESTIC_REPOSITORY: repository, MNT: mnt, OWN: own },
    });

    test("may be mounted from elsewhere, or be none of the machine's directories at all", () => {
        for (const repository of [mounted, `${mounted}/not/there/yet`, "s3:https://s3.example.com/etcd", "sftp:backup@example.com:/srv/etcd"]) {
            expect(check(repository, "/mnt").status, repository).toBe(0);
        }
    });

    test.each([[mounted, "/", "/"], [mounted, "/var", "/var"], ["/nothing/there/yet", "/mnt", "/"]])(
        "is refused at %s, which is on the machine's own disk (%s, %s)", (repository, mnt, own) => {
            const { status, stderr } = check(repository, mnt, own);
            expect(status).toBe(1);
            expect(stderr).toContain(`${repository} is on this machine's own disk`);
        });
});
