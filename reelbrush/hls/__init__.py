"""HTTP Live Streaming (RFC 8216): playlists and codec names as text; knows no media files and no store."""
