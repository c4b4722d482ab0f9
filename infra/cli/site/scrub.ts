/** The prefix of WordPress's tables (infra/images/web/wordpress/environment.php). */
const prefix = "wp_";

/** The types of posts in a seed: those that everybody can read. Plugins' types, such as orders, may contain anything. */
const types = [
    "post", "page", "attachment", "nav_menu_item", "wp_block", "wp_template", "wp_template_part", "wp_navigation", "wp_global_styles",
];
/** The metadata of posts in a seed. */
const postFields = ["_wp_attached_file", "_wp_attachment_metadata", "_wp_attachment_image_alt", "_thumbnail_id", "_wp_page_template"];
/**
 * The taxonomies in a seed, all WordPress's own. Plugins' may describe people: some give each author a term with name and mail
 * address.
 */
const taxonomies = [
    "category", "post_tag", "post_format", "nav_menu", "link_category", "wp_theme", "wp_template_part_area", "wp_pattern_category",
];
/** The options in a seed, all WordPress's own. Any other may be a key, an address or a name. */
const options = [
    "siteurl", "home", "blogname", "blogdescription", "template", "stylesheet", "current_theme", "active_plugins", "show_on_front", "page_on_front",
    "page_for_posts", "posts_per_page", "permalink_structure", "category_base", "tag_base", "default_category", "date_format", "time_format",
    "timezone_string", "gmt_offset", "start_of_week", "WPLANG", "sticky_posts", "site_icon", "site_logo", "blog_charset", "uploads_use_yearmonth_folders",
    "thumbnail_size_w", "thumbnail_size_h", "medium_size_w", "medium_size_h", "medium_large_size_w", "large_size_w", "large_size_h",
    "db_version", "initial_db_version", "fresh_site", "default_role", `${prefix}user_roles`,
];
/** Tables that a site needs, and that are empty in a seed. */
const emptied = ["links", "commentmeta", "termmeta"];
/** Tables with rows in a seed. */
const kept = ["posts", "postmeta", "terms", "term_taxonomy", "term_relationships", "comments", "users", "usermeta", "options"];

const listOf = (values: string[]): string => values.map(value => `'${value}'`).join(", ");

/**
 * SQL that copies a seed out of a site's database into an empty one. It lists what to copy, not what to leave out, so forgotten
 * data isn't in a seed. People become "User 1" without a password, an address or a name.
 */
export function copyStatements(from: string, to: string): string {
    const source = (table: string): string => `\`${from}\`.\`${prefix}${table}\``;
    const target = (table: string): string => `\`${to}\`.\`${prefix}${table}\``;
    const isPublic = (post: string): string => `${post}.post_type IN (${listOf(types)}) AND ${post}.post_status = 'publish' AND ${post}.post_password = ''`;
    const copy = (table: string, condition: string): string => `INSERT INTO ${target(table)} SELECT t.* FROM ${source(table)} t WHERE ${condition};`;
    // Columns about people, and those that plugins added, aren't copied.
    const copyColumns = (table: string, columns: Record<string, string>, condition: string): string =>
        `INSERT INTO ${target(table)} (${Object.keys(columns).join(", ")}) SELECT ${Object.values(columns).join(", ")} FROM ${source(table)} t WHERE ${condition};`;
    const same = (...columns: string[]): Record<string, string> => Object.fromEntries(columns.map(column => [column, `t.${column}`]));
    const ofPost = `t.post_id IN (SELECT ID FROM ${target("posts")})`;
    return [
        ...[...kept, ...emptied].map(table => `CREATE TABLE ${target(table)} LIKE ${source(table)};`),
        // Otherwise the server would lock the rows that it reads, and the site would wait.
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;",
        copy("posts", `(${isPublic("t")}) OR (t.post_type = 'attachment' AND t.post_status = 'inherit' AND t.post_password = '' AND (t.post_parent = 0`
            + ` OR t.post_parent IN (SELECT p.ID FROM ${source("posts")} p WHERE ${isPublic("p")})))`),
        copy("postmeta", `${ofPost} AND (t.meta_key IN (${listOf(postFields)}) OR t.meta_key LIKE '\\_menu\\_item\\_%')`),
        copy("term_taxonomy", `t.taxonomy IN (${listOf(taxonomies)})`),
        copy("terms", `t.term_id IN (SELECT term_id FROM ${target("term_taxonomy")})`),
        copy("term_relationships", `t.object_id IN (SELECT ID FROM ${target("posts")}) `
            + `AND t.term_taxonomy_id IN (SELECT term_taxonomy_id FROM ${target("term_taxonomy")})`),
        copyColumns("comments", {
            ...same("comment_ID", "comment_post_ID", "comment_date", "comment_date_gmt", "comment_content", "comment_karma", "comment_approved",
                "comment_type", "comment_parent"),
            comment_author: "CONCAT('Commenter ', t.comment_ID)", comment_author_email: "''", comment_author_url: "''", comment_author_IP: "''",
            comment_agent: "''", user_id: "0",
        }, `t.comment_approved = '1' AND t.comment_type IN ('', 'comment') AND t.comment_post_ID IN (SELECT ID FROM ${target("posts")})`),
        copyColumns("users", {
            ...same("ID", "user_status"),
            user_login: "CONCAT('user', t.ID)", user_nicename: "CONCAT('user-', t.ID)", display_name: "CONCAT('User ', t.ID)",
            user_email: "CONCAT('user', t.ID, '@example.invalid')", user_url: "''", user_activation_key: "''", user_registered: "'2000-01-01'",
            // No password has a hash that begins with this, so nobody can log in.
            user_pass: "'!'",
        }, `t.ID IN (SELECT post_author FROM ${target("posts")})`),
        copy("usermeta", `t.user_id IN (SELECT ID FROM ${target("users")}) AND t.meta_key IN ('${prefix}capabilities', '${prefix}user_level')`),
        copy("options", `t.option_name IN (${listOf(options)})`),
        `INSERT INTO ${target("options")} (option_name, option_value, autoload) VALUES `
            + "('admin_email', 'admin@example.invalid', 'on'), ('blog_public', '0', 'on'), ('users_can_register', '0', 'on');",
    ].join("\n");
}

/**
 * A program for the database's pod: prints the seed as gzipped SQL. It copies only scrubbed rows, and always removes the copy.
 */
export function seedProgram(): string {
    return `set -euo pipefail
database=\${MARIADB_DATABASE:-wordpress}
seed=\${database}_seed
drop() { echo "DROP DATABASE IF EXISTS \\\`$seed\\\`;" | mariadb --batch; }
trap drop EXIT
drop
echo "CREATE DATABASE \\\`$seed\\\` CHARACTER SET utf8mb4;" | mariadb --batch
sed -e "s/@FROM@/$database/g" -e "s/@TO@/$seed/g" <<'SQL' | mariadb --batch --init-command="SET SESSION sql_mode = ''" "$seed"
${copyStatements("@FROM@", "@TO@")}
SQL
mariadb-dump --single-transaction --quick --hex-blob --no-tablespaces --skip-lock-tables --max-allowed-packet=1G "$seed" | gzip
`;
}

/** A program for the database's pod: prints the names, below uploads, of a seed's files. */
export function uploadsProgram(): string {
    const query = `SELECT t.meta_value FROM \`@FROM@\`.\`${prefix}postmeta\` t JOIN \`@FROM@\`.\`${prefix}posts\` p ON p.ID = t.post_id `
        + `LEFT JOIN \`@FROM@\`.\`${prefix}posts\` a ON a.ID = p.post_parent `
        + "WHERE t.meta_key = '_wp_attached_file' AND p.post_type = 'attachment' AND p.post_status = 'inherit' AND p.post_password = '' "
        + `AND (p.post_parent = 0 OR (a.post_type IN (${listOf(types)}) AND a.post_status = 'publish' AND a.post_password = ''));`;
    return `set -euo pipefail
sed -e "s/@FROM@/\${MARIADB_DATABASE:-wordpress}/g" <<'SQL' | mariadb --batch --skip-column-names --raw
${query}
SQL
`;
}

/** The files that are attachments, or WordPress's smaller or edited versions of them: -e and 13 digits. */
export function attachedFiles(files: string[], attachments: string[]): string[] {
    const known = new Set(attachments.map(name => name.replace(/-(scaled|rotated)(?=\.[^./]*$)/, "")));
    const exact = new Set(attachments);
    return files.filter(file => exact.has(file) || known.has(file) || known.has(file.replace(/-(\d+x\d+|scaled|rotated|e\d{13})(?=\.[^./]*$)/, "")));
}
