<?php
/** The database as the container's programs reach it, without WordPress: DB_* are environment.php's. */

/** A connection to the database, or null when it gives none. */
function landfall_connect(string $name = DB_NAME, int $seconds = 60): ?mysqli
{
    mysqli_report(MYSQLI_REPORT_OFF);
    $db = mysqli_init();
    $db->options(MYSQLI_OPT_CONNECT_TIMEOUT, 3);
    // By default long enough for a table that another connection has locked.
    $db->options(MYSQLI_OPT_READ_TIMEOUT, $seconds);
    [$host, $port] = explode(':', DB_HOST, 2) + [1 => '3306'];
    return @$db->real_connect($host, DB_USER, DB_PASSWORD, $name, (int) $port) ? $db : null;
}
