<?php
/**
 * Plugin Name: Landfall user names
 * Description: The names that people log in with are not for visitors: no address, page, feed or message tells them.
 */

/** Returns the name that visitors see: the site's, if the account's name is its user name or e-mail address. */
function landfall_public_name(string $name, int $user): string
{
    $account = get_userdata($user);
    $isLogin = $account !== false
        && in_array(mb_strtolower($name), [mb_strtolower($account->user_login), mb_strtolower($account->user_email)], true);
    return $isLogin && !is_admin() ? get_bloginfo('name') : $name;
}

foreach (['display_name', 'nickname'] as $landfall_field) {
    add_filter("get_the_author_$landfall_field", fn ($name, $user) => landfall_public_name((string) $name, (int) $user), 10, 2);
}
add_filter('the_author', fn ($name) => $name === null ? null : landfall_public_name($name, (int) ($GLOBALS['authordata']->ID ?? 0)));
add_filter('get_comment', function ($comment) {
    if ($comment instanceof WP_Comment && $comment->user_id > 0) {
        $comment->comment_author = landfall_public_name($comment->comment_author, (int) $comment->user_id);
    }
    return $comment;
});
add_filter('document_title_parts', function (array $parts): array {
    return is_author() ? ['title' => landfall_public_name($parts['title'], get_queried_object_id())] + $parts : $parts;
});
add_filter('oembed_response_data', function (array $data): array {
    return ['author_name' => get_bloginfo('name'), 'author_url' => home_url()] + $data;
});

// By default, WordPress derives the slug in an author's URL from the user name. Use a random one instead.
add_filter('wp_pre_insert_user_data', function (array $data, bool $update): array {
    if (!$update && $data['user_nicename'] === sanitize_title($data['user_login'])) {
        $data['user_nicename'] = 'author-' . bin2hex(random_bytes(4));
    }
    return $data;
}, 10, 2);

/** Gives authors whose URL reveals their user name another slug; returns how many. For install-site. */
function landfall_rename_authors(): int
{
    global $wpdb;
    // The slug that WordPress's sanitize_title() makes from the user name.
    $made = "REGEXP_REPLACE(REGEXP_REPLACE(LOWER(user_login), '[ .]', '-'), '[^a-z0-9_-]', '')";
    return (int) $wpdb->query("UPDATE $wpdb->users SET user_nicename = CONCAT('author-', LEFT(MD5(CONCAT(UUID(), ID)), 8))
        WHERE user_nicename = $made OR user_nicename = user_login");
}

// /?author=1 redirects to the author's URL, so counting upwards would find all authors.
add_filter('request', function (array $query): array {
    return isset($query['author']) && !is_user_logged_in() ? ['error' => '404'] : $query;
});

add_filter('wp_sitemaps_add_provider', fn ($provider, $name) => $name === 'users' ? false : $provider, 10, 2);

add_filter('rest_pre_dispatch', function ($result, $server, WP_REST_Request $request) {
    $isUsers = preg_match('#^/wp/v2/users(/|$)#i', $request->get_route()) === 1;
    return $isUsers && !is_user_logged_in()
        ? new WP_Error('rest_not_logged_in', 'Users are shown to who is logged in.', ['status' => 401])
        : $result;
}, 10, 3);

/** Errors that reveal whether an account exists. */
const LANDFALL_TELLING_ERRORS = [
    'invalid_username', 'invalid_email', 'incorrect_password', 'invalidcombo', 'application_passwords_disabled_for_user',
];

function landfall_is_telling($error): bool
{
    return is_wp_error($error) && in_array($error->get_error_code(), LANDFALL_TELLING_ERRORS, true);
}

// A wrong name and a wrong password get the same answer after the same time: the check below takes as long as a real one.
add_filter('authenticate', function ($user, $name, $password) {
    if (!landfall_is_telling($user)) {
        return $user;
    }
    if ($user->get_error_code() !== 'incorrect_password') {
        wp_check_password((string) $password, '$wp$2y$12$0H0cpz3KP4o.MgcetZ0E2.m5M32S9EWwOZaEfwAFPdtZJuQbpdfmW');
    }
    return new WP_Error('incorrect_password', __('<strong>Error:</strong> Invalid username, email address or incorrect password.'));
}, PHP_INT_MAX, 3);

add_filter('rest_authentication_errors', function ($error) {
    return landfall_is_telling($error)
        ? new WP_Error('incorrect_password', 'The user name or the application password is wrong.', ['status' => 401])
        : $error;
}, 100);

// Answers an unknown account like a known one: "Check your email".
add_filter('lostpassword_errors', function (WP_Error $errors, $user): WP_Error {
    $isUnknown = landfall_is_telling($errors) || (!$user && !$errors->has_errors());
    if ($isUnknown && (did_action('login_form_lostpassword') || did_action('login_form_retrievepassword'))) {
        wp_safe_redirect('wp-login.php?checkemail=confirm');
        exit;
    }
    return $errors;
}, 10, 2);
