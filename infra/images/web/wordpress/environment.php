<?php
/**
 * The container's settings, read in one place for the site and the image's other programs.
 *
 *   WORDPRESS_SEES_CLIENTS      no if the gateway hides its clients' addresses, else yes     no
 *   WORDPRESS_DB_HOST           host or host:port of the database                            (required)
 *   WORDPRESS_DB_NAME           database                                                     wordpress
 *   WORDPRESS_DB_USER           user                                                         wordpress
 *   WORDPRESS_DB_PASSWORD_FILE  file with the password; or WORDPRESS_DB_PASSWORD itself      (required)
 *   WORDPRESS_DB_CA_FILE        file with the certificate of the authority that signed the database's (required)
 *   WORDPRESS_URL               the site's address, e.g. https://wordpress.localhost:8443    (required)
 *   WORDPRESS_SALTS_DIR         folder with the files auth_key ... nonce_salt                (required)
 *   WORDPRESS_ACCESSIBLE_HOSTS  comma-separated hosts that the site may call, e.g. *.wordpress.org   none
 *   WORDPRESS_SMTP_HOST         relay for outgoing mail                                      none: no mail is sent
 *   WORDPRESS_SMTP_PORT         its port                                                     587
 *   WORDPRESS_SMTP_TLS          starttls, tls or none                                        tls at port 465, else starttls
 *   WORDPRESS_SMTP_USER         its user; needs WORDPRESS_SMTP_PASSWORD_FILE or WORDPRESS_SMTP_PASSWORD   none
 *   WORDPRESS_MAIL_FROM         sender of the site's mails                                   WordPress's own
 *   WP_ENVIRONMENT_TYPE         local, development, staging; read by WordPress itself        production
 *
 * Files are read on every request, so a change of a secret in place needs no restart.
 */

/** Answers with a short page, and exits. */
function landfall_page(int $status, string $title, string $text): never
{
    http_response_code($status);
    header('Content-Type: text/html; charset=utf-8');
    header('Cache-Control: no-store');
    exit(<<<HTML
        <!DOCTYPE html>
        <html lang="en">
        <head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>$title</title>
        <style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem;color:#222}</style></head>
        <body><h1>$title</h1><p>$text</p></body>
        </html>
        HTML);
}

/**
 * Ends the program with a message on standard error, or the request with the message in the log. Visitors don't see it.
 */
function landfall_fail(string $message): never
{
    if (PHP_SAPI === 'cli') {
        fwrite(STDERR, "$message\n");
        exit(1);
    }
    error_log($message);
    landfall_page(500, 'This site is not set up', 'A setting is missing or wrong; who runs the site finds which one in its log.');
}

/** Returns the value of a setting, or the default if it is unset or empty; fails without a default. */
function landfall_setting(string $name, ?string $default = null): string
{
    // Reads only the process's own environment: a request must never set a value.
    $value = getenv($name, true);
    if (is_string($value) && $value !== '') {
        return $value;
    }
    return $default ?? landfall_fail("The environment variable $name is not set.");
}

/** Reads a secret from a file, without its line ending; fails if the file is missing, empty or unreadable. */
function landfall_read_secret(string $file, string $name): string
{
    $value = @file_get_contents($file);
    if ($value === false || trim($value) === '') {
        landfall_fail("$name: the file $file is missing, empty or not readable by uid " . posix_geteuid() . '.');
    }
    return rtrim($value, "\r\n");
}

/** Returns the secret in the file that NAME_FILE names, else the value of NAME; fails if both are missing. */
function landfall_secret(string $name): string
{
    $file = landfall_setting("{$name}_FILE", '');
    return $file === '' ? landfall_setting($name) : landfall_read_secret($file, "{$name}_FILE");
}

define('DB_HOST', landfall_setting('WORDPRESS_DB_HOST'));
define('DB_NAME', landfall_setting('WORDPRESS_DB_NAME', 'wordpress'));
define('DB_USER', landfall_setting('WORDPRESS_DB_USER', 'wordpress'));
define('DB_PASSWORD', landfall_secret('WORDPRESS_DB_PASSWORD'));
define('DB_CA_FILE', landfall_setting('WORDPRESS_DB_CA_FILE'));
if (!is_readable(DB_CA_FILE)) {
    landfall_fail('WORDPRESS_DB_CA_FILE: the file ' . DB_CA_FILE . ' is missing or not readable by uid ' . posix_geteuid() . '.');
}
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
$table_prefix = 'wp_';
