<?php
/** WordPress's image editor, limited to images that fit in memory and to processes that have that memory. */
class Landfall_Image_Editor extends WP_Image_Editor_GD
{
    /** Not AVIF: its encoder takes 400 MB and more than a minute. WordPress then asks for a JPEG or PNG. */
    public static function supports_mime_type($mime_type)
    {
        return $mime_type !== 'image/avif' && parent::supports_mime_type($mime_type);
    }

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
