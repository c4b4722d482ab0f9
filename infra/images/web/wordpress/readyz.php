<?php
/** Readiness: PHP runs, the database answers within two seconds and the site is installed. */
require_once __DIR__ . '/environment.php';

header('Content-Type: text/plain');
header('Cache-Control: no-store');
$db = landfall_connect(2);
$result = $db?->query("SELECT 1 FROM {$table_prefix}options WHERE option_name = 'siteurl'");
$reason = match (true) {
    $db === null => 'the database does not answer',
    !$result || $result->num_rows === 0 => 'the site is not installed',
    default => null,
};
http_response_code($reason === null ? 200 : 503);
echo $reason ?? 'ok', "\n";
