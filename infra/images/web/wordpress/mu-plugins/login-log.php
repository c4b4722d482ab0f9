<?php
/**
 * Plugin Name: Landfall login log
 * Description: Logs who has logged in, for audits.
 *
 * Failed attempts are only counted (login-limits.php): people type passwords where the name belongs.
 */

add_action('wp_login', function (string $name): void {
    $sees = landfall_setting('WORDPRESS_SEES_CLIENTS', 'no') === 'yes';
    error_log('Login of ' . wp_json_encode($name) . ($sees ? ' from ' . ($_SERVER['REMOTE_ADDR'] ?? 'nowhere') : ''));
});
