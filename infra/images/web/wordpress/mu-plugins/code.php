<?php
/**
 * Plugin Name: Landfall code
 * Description: The site's code is its image's: nothing in WordPress changes it, and nothing asks for that.
 */

// Apache passes on all that is no file, without rules in an .htaccess, which it doesn't read.
add_filter('mod_rewrite_rules', '__return_empty_string');

add_filter('site_status_tests', function (array $tests): array {
    unset($tests['async']['background_updates']);
    foreach (['plugin_theme_auto_updates', 'update_temp_backup_writable', 'available_updates_disk_space'] as $name) {
        unset($tests['direct'][$name]);
    }
    return $tests;
});

// Modules that the image leaves out, as something else does the same: PHP's own streams, GD, WordPress's own tables.
add_filter('site_status_test_php_modules', function (array $modules): array {
    return array_diff_key($modules, array_flip(['curl', 'imagick', 'intl']));
});
