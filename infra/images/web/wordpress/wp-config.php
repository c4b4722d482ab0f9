<?php
/** WordPress's configuration: everything that differs between sites comes from the environment. */
require_once '/usr/local/share/landfall/environment.php';

define('WP_HOME', rtrim(landfall_setting('WORDPRESS_URL'), '/'));
define('WP_SITEURL', WP_HOME);

// All replicas share these, or a session on one would be invalid on the next.
foreach (['auth', 'secure_auth', 'logged_in', 'nonce'] as $landfall_scheme) {
    foreach (['key', 'salt'] as $landfall_kind) {
        $landfall_name = "{$landfall_scheme}_{$landfall_kind}";
        define(strtoupper($landfall_name), landfall_read_secret(
            landfall_setting('WORDPRESS_SALTS_DIR') . "/$landfall_name",
            'WORDPRESS_SALTS_DIR',
        ));
    }
}

// TLS ends at the gateway. Only the gateway may connect to this server, so its header is trusted.
if (($_SERVER['HTTP_X_FORWARDED_PROTO'] ?? '') === 'https') {
    $_SERVER['HTTPS'] = 'on';
}

// The gateway decides which hosts lead here. While pods with another address start, it sends the requests of both hosts to old
// and new pods alike: if each sent visitors on to its own, they would go in circles.
if (PHP_SAPI !== 'cli') {
    $_SERVER['HTTP_HOST'] = preg_replace('~^https?://~', '', WP_HOME);
}

// run-tasks runs the scheduled tasks, so that no visitor waits for them. wp-cron.php must still answer, because the
// site calls it to check that it can reach itself.
define('DISABLE_WP_CRON', true);
if (PHP_SAPI !== 'cli' && defined('DOING_CRON')) {
    exit;
}

// Only a new image brings new code.
define('DISALLOW_FILE_MODS', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
define('WP_AUTO_UPDATE_CORE', false);

// Network policy drops traffic that leaves the cluster, so calls to other hosts would hang. Refuse them at once.
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('WP_ACCESSIBLE_HOSTS', landfall_setting('WORDPRESS_ACCESSIBLE_HOSTS', ''));

// The pod's memory is divided among its processes, so none may take more than its share. Don't use ini_get: the pools
// share compiled code, in which the compiler replaces the call with one pool's value.
$landfall_memory = getenv('WEB_MEMORY', true) ?: '128M';
define('WP_MEMORY_LIMIT', $landfall_memory);
define('WP_MAX_MEMORY_LIMIT', $landfall_memory);

if (!defined('ABSPATH')) {
    define('ABSPATH', '/var/www/html/');
}
require_once ABSPATH . 'wp-settings.php';
