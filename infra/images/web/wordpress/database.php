<?php
/** Connects the container's programs to the database without WordPress. environment.php defines DB_*. */

/** Opens a connection whose statements may take this many seconds; null if the database doesn't accept it. */
function landfall_connect(string $name = DB_NAME, int $seconds = 60): ?mysqli
{
    mysqli_report(MYSQLI_REPORT_OFF);
    $db = mysqli_init();
    $db->options(MYSQLI_OPT_CONNECT_TIMEOUT, 3);
    // The default is long enough to wait for a table that another connection has locked.
    $db->options(MYSQLI_OPT_READ_TIMEOUT, $seconds);
    [$host, $port] = explode(':', DB_HOST, 2) + [1 => '3306'];
    return @$db->real_connect($host, DB_USER, DB_PASSWORD, $name, (int) $port) ? $db : null;
}
