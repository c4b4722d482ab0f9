<?php
/** WordPress's configuration: everything that differs between sites comes from the environment. */
require_once '/usr/local/share/landfall/environment.php';

define('WP_HOME', rtrim(landfall_setting('WORDPRESS_URL'), '/'));
define('WP_SITEURL', WP_HOME);

// The same for all replicas, else a session of one is unknown to the next.
foreach (['auth', 'secure_auth', 'logged_in', 'nonce'] as $landfall_scheme) {
    foreach (['key', 'salt'] as $landfall_kind) {
        $landfall_name = "{$landfall_scheme}_{$landfall_kind}";
        define(strtoupper($landfall_name), landfall_read_secret(
            landfall_setting('WORDPRESS_SALTS_DIR') . "/$landfall_name",
            'WORDPRESS_SALTS_DIR',
        ));
    }
}

// TLS ends at the gateway, which is all that may talk to this server.
if (($_SERVER['HTTP_X_FORWARDED_PROTO'] ?? '') === 'https') {
    $_SERVER['HTTPS'] = 'on';
}

// Scheduled tasks are run-tasks's, on no visitor's time. By this address the site also finds out whether it reaches
// itself, so it goes on answering.
define('DISABLE_WP_CRON', true);
if (PHP_SAPI !== 'cli' && defined('DOING_CRON')) {
    exit;
}

// The code is the image's: new code is a new image.
define('DISALLOW_FILE_MODS', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
define('WP_AUTO_UPDATE_CORE', false);

// Network policy drops what leaves the cluster, so a call outside would only hang: refuse it at once.
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('WP_ACCESSIBLE_HOSTS', landfall_setting('WORDPRESS_ACCESSIBLE_HOSTS', ''));

// The pod's memory is shared out among its processes, so none takes more than its own. Not ini_get: the pools share
// compiled code, and the compiler puts one pool's value in its place.
$landfall_memory = getenv('WEB_MEMORY', true) ?: '128M';
define('WP_MEMORY_LIMIT', $landfall_memory);
define('WP_MAX_MEMORY_LIMIT', $landfall_memory);

if (!defined('ABSPATH')) {
    define('ABSPATH', '/var/www/html/');
}
require_once ABSPATH . 'wp-settings.php';
