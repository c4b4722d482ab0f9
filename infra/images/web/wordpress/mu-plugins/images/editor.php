<?php
/** WordPress's image editor, for images of a size and in processes that have the memory for it. */
class Landfall_Image_Editor extends WP_Image_Editor_GD
{
    public function load()
    {
        $pool = getenv('WEB_POOL', true);
        $refusal = match (true) {
            // The command line has no pool.
            $pool === false, $pool === 'uploads' => landfall_image_refusal($this->file),
            default => 'This site processes images in uploads to the media library and in its image editor only.',
        };
        return $refusal === null ? parent::load() : new WP_Error('image_refused', $refusal, $this->file);
    }
}
