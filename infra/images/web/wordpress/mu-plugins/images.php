<?php
/**
 * Plugin Name: Landfall images
 * Description: Refuses images that would take more memory to decode than a process has, with a message that helps.
 *
 * PHP's memory_limit doesn't count GD's memory, so the kernel would kill the container if an image were too large. Only
 * processes of the pool `uploads` decode images, and the pod has enough memory for all of those processes.
 */

/** Actions of wp-admin/admin-ajax.php that decode an image; apache/landfall.conf lists them too. */
const LANDFALL_IMAGE_ACTIONS = ['crop-image', 'image-editor', 'imgedit-preview', 'media-create-image-subsizes'];

// WordPress's scripts send the action in the body, which Apache doesn't read. Make the browser repeat the request with
// the action in the URL.
$landfall_action = $_POST['action'] ?? '';
if (getenv('WEB_POOL', true) === 'editors' && defined('DOING_AJAX')
    && in_array($landfall_action, LANDFALL_IMAGE_ACTIONS, true)) {
    header("Location: /wp-admin/admin-ajax.php?action=$landfall_action", true, 307);
    exit;
}

/** Returns why an image may not be decoded, or null if it may. */
function landfall_image_refusal(string $file): ?string
{
    [$width, $height] = (wp_getimagesize($file) ?: []) + [0, 0];
    $largest = (int) landfall_setting('WEB_IMAGE_PIXELS');
    if ($width * $height <= $largest) {
        return null;
    }
    $scale = sqrt($largest / ($width * $height));
    return sprintf(
        'This image has %d × %d pixels (%.0f megapixels), more than this site can process (%.0f megapixels). '
            . 'Make it smaller, for example %d × %d, and upload it again.',
        $width, $height, $width * $height / 1e6, $largest / 1e6, floor($width * $scale), floor($height * $scale),
    );
}

/** Refuses an image that is too large before WordPress does anything with it. */
function landfall_refuse_large_image(array $file): array
{
    $refusal = empty($file['error']) ? landfall_image_refusal($file['tmp_name']) : null;
    return $refusal === null ? $file : ['error' => $refusal] + $file;
}
add_filter('wp_handle_upload_prefilter', 'landfall_refuse_large_image');
add_filter('wp_handle_sideload_prefilter', 'landfall_refuse_large_image');

// Files can arrive in other ways too, so the editor checks again before it decodes one.
add_filter('wp_image_editors', function (): array {
    require_once __DIR__ . '/images/editor.php';
    return ['Landfall_Image_Editor'];
});
