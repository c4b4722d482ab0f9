import type * as k8s from "@kubernetes/client-node";
import { beforeAll, describe, expect, it } from "vitest";
import { nodeContainers, onNode } from "./support/docker";
import type { Executed } from "./support/execute";
import { Cluster } from "./support/kubernetes";
import { names } from "./support/names";
import { adminPassword, ensureUp, figure } from "./support/stack";

let cluster: Cluster;

beforeAll(async () => {
    await ensureUp();
    cluster = await Cluster.connect();
});

describe("the connection from web to database", () => {
    let web: k8s.V1Pod;
    beforeAll(async () => void (web = await cluster.readyPod("web")));

    /** Runs PHP with the image's own settings and connection, and these variables. */
    function php(code: string, ...variables: string[]): Promise<Executed> {
        const sources = ["environment", "database"].map(name => `require "/usr/local/share/landfall/${name}.php";`);
        return cluster.exec(web, "env", ...variables, "php", "-r", `${sources.join(" ")} ${code}`);
    }

    it("is encrypted with TLS 1.3, for the site and for the image's programs", async () => {
        const site = 'require "/var/www/html/wp-load.php"; echo $wpdb->get_var("SHOW SESSION STATUS LIKE \'Ssl_version\'", 1);';
        const programs = 'echo landfall_connect()->query("SHOW SESSION STATUS LIKE \'Ssl_version\'")->fetch_row()[1];';
        expect((await php(site)).stdout).toBe("TLSv1.3");
        expect((await php(programs)).stdout).toBe("TLSv1.3");
    });

    it("takes a time that each page can afford", async () => {
        const connect = '$start = hrtime(true); landfall_connect()->close(); $times[] = hrtime(true) - $start;';
        const { stdout } = await php(`$times = []; for ($i = 0; $i < 50; $i++) { ${connect} } sort($times); echo $times[25] / 1e6;`);
        expect(Number(stdout)).toBeGreaterThan(0);
        figure("a verified connection to the database, median of 50", `${Number(stdout).toFixed(1)} ms`);
    });

    it("is refused by the database if it isn't encrypted", async () => {
        const { stdout } = await php("mysqli_report(MYSQLI_REPORT_OFF); $db = @mysqli_connect(DB_HOST, DB_USER, DB_PASSWORD, DB_NAME); "
            + 'echo $db ? "connected" : mysqli_connect_error();');
        expect(stdout).toMatch(/insecure transport are prohibited/);
    });

    it("is refused by a client that trusts other authorities, or looks for another host", async () => {
        const connect = 'echo landfall_connect() ? "connected" : mysqli_connect_error();';
        const other = await php(connect, "WORDPRESS_DB_CA_FILE=/etc/ssl/certs/ca-certificates.crt");
        expect(other.stdout).toBe("Cannot connect to MySQL using SSL");
        const { status } = await cluster.databasePod();
        const host = await php(connect, `WORDPRESS_DB_HOST=${status?.podIP}`);
        expect(host.stdout).toBe("Cannot connect to MySQL using SSL");
    });

    it("can't be imitated: the key is in the database's pod alone", async () => {
        const { items } = await cluster.core.listNamespacedPod({ namespace: names.environment });
        const holders = items.filter(({ spec }) => spec?.volumes?.some(({ secret }) => secret?.secretName === "database-tls"));
        expect(holders.map(({ metadata }) => metadata?.name)).toEqual(["database-0"]);
        const key = "/etc/landfall/tls/tls.key";
        const { stdout } = await cluster.exec(holders[0], "stat", "-Lc", "%a %g", key);
        expect(stdout.trim()).toBe("440 10002");
    });
});

describe("on the disk of the control plane", () => {
    it("Secrets aren't readable", async () => {
        const [node] = (await nodeContainers()).filter(name => name.endsWith("control-plane"));
        // The same search finds what isn't secret.
        const filesWith = (text: string) => onNode(node, "sh", "-c", 'grep -rlaF -- "$1" /var/lib/etcd || true', "sh", text);
        expect(await filesWith("WORDPRESS_DB_CA_FILE")).not.toBe("");
        expect(await filesWith(adminPassword())).toBe("");
        expect(await filesWith("k8s:enc:secretbox:v1:key1:")).not.toBe("");
    });
});
