<?php
/** Connects the site and the container's programs to the database. environment.php defines DB_*. */

/**
 * Opens a connection; null if the database doesn't accept it, or isn't the one whose certificate the authority signed.
 *
 * @param ?string $name     database to select; none if null
 * @param ?int    $seconds  that an answer may take; PHP's own setting if null
 */
function landfall_connect(?string $name = DB_NAME, ?int $seconds = 60): ?mysqli
{
    mysqli_report(MYSQLI_REPORT_OFF);
    $db = mysqli_init();
    $db->options(MYSQLI_OPT_CONNECT_TIMEOUT, 3);
    if ($seconds !== null) {
        // The default is long enough to wait for a table that another connection has locked.
        $db->options(MYSQLI_OPT_READ_TIMEOUT, $seconds);
    }
    // Verifies the certificate and the host. With MYSQLI_CLIENT_SSL alone, PHP verifies nothing.
    $db->ssl_set(null, null, DB_CA_FILE, null, null);
    [$host, $port] = explode(':', DB_HOST, 2) + [1 => '3306'];
    $flags = MYSQLI_CLIENT_SSL | MYSQLI_CLIENT_SSL_VERIFY_SERVER_CERT;
    return @$db->real_connect($host, DB_USER, DB_PASSWORD, $name, (int) $port, null, $flags) ? $db : null;
}

/**
 * Opens a connection for work on whole tables: its statements may take up to a day. From then on, errors of all connections
 * throw.
 */
function landfall_connect_for_changes(string $name = DB_NAME): mysqli
{
    $db = landfall_connect($name, 86400) ?? landfall_fail("No answer from the database $name: " . mysqli_connect_error());
    mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
    $db->set_charset('utf8mb4');
    $db->query('SET SESSION max_statement_time = 0, lock_wait_timeout = 600, innodb_lock_wait_timeout = 600, wait_timeout = 86400');
    // Accept everything that the site's database accepted before.
    $db->query("SET SESSION sql_mode = ''");
    return $db;
}

/** Quotes an identifier for a statement. */
function landfall_id(string $name): string
{
    return '`' . str_replace('`', '``', $name) . '`';
}
