<?php
/** What WordPress shows while the database can't be reached: it is over soon, so clients shall come back. */
if (PHP_SAPI === 'cli') {
    landfall_fail('The database was there a moment ago and does not answer now.');
}
http_response_code(503);
header('Retry-After: 5');
header('Cache-Control: no-store');
header('Content-Type: text/html; charset=utf-8');
?>
<!DOCTYPE html>
<html lang="en">
<head><title>Back in a moment</title></head>
<body><h1>Back in a moment</h1><p>The site can't reach its database just now. Please try again.</p></body>
</html>
