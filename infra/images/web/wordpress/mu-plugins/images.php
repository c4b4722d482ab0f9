<?php
/**
 * Plugin Name: Landfall images
 * Description: Refuses images that would take more memory to decode than a process has, with a message that helps.
 *
 * GD's memory isn't counted in PHP's memory_limit, so too large an image ends in the kernel's killing the container.
 * Images are decoded by the processes of the pool `uploads` alone: the pod's memory holds as many as those may be.
 */

/** Actions of wp-admin/admin-ajax.php that decode an image; apache/landfall.conf has them too. */
const LANDFALL_IMAGE_ACTIONS = ['crop-image', 'image-editor', 'imgedit-preview', 'media-create-image-subsizes'];

// WordPress's scripts send the action in the body, where Apache doesn't look: have the browser send it once more with
// the action in the address.
$landfall_action = $_POST['action'] ?? '';
if (getenv('WEB_POOL', true) === 'editors' && defined('DOING_AJAX')
    && in_array($landfall_action, LANDFALL_IMAGE_ACTIONS, true)) {
    header("Location: /wp-admin/admin-ajax.php?action=$landfall_action", true, 307);
    exit;
}

/** Why an image may not be decoded, or null where it may. */
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

/** Refuses an upload before anything is done with it. */
function landfall_refuse_large_image(array $file): array
{
    $refusal = empty($file['error']) ? landfall_image_refusal($file['tmp_name']) : null;
    return $refusal === null ? $file : ['error' => $refusal] + $file;
}
add_filter('wp_handle_upload_prefilter', 'landfall_refuse_large_image');
add_filter('wp_handle_sideload_prefilter', 'landfall_refuse_large_image');

// Files can also get there in other ways, so whatever is about to decode one asks again.
add_filter('wp_image_editors', function (): array {
    require_once __DIR__ . '/images/editor.php';
    return ['Landfall_Image_Editor'];
});
