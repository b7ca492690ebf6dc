"""Texts that ask their reader to open `@TO@`: playlists, scripts, subtitles, documents."""

from __future__ import annotations

TEXTS: dict[str, str] = {
    "hls_m3u8": ("#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n@TO@\n#EXT-X-ENDLIST\n"),
    "blank_m3u8": ("\n\n #EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n@TO@\n#EXT-X-ENDLIST\n"),
    "zero_m3u8": ("\x00\x00\x00\x00\x00\x00\x00\x00#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n@TO@\n"),
    "master_m3u8": (
        "#EXTM3U\n"
        '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="s",NAME="s",URI="@TO@"\n'
        '#EXT-X-STREAM-INF:BANDWIDTH=1,SUBTITLES="s"\n'
        "@TO@\n"
    ),
    "key_m3u8": (
        "#EXTM3U\n"
        "#EXT-X-TARGETDURATION:1\n"
        '#EXT-X-KEY:METHOD=AES-128,URI="@TO@"\n'
        '#EXT-X-MAP:URI="@TO@"\n'
        "#EXTINF:1,\n"
        "@TO@\n"
        "#EXT-X-ENDLIST\n"
    ),
    "dash_mpd": (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="'
        'PT1S" profiles="urn:mpeg:dash:profile:isoff-main:2011"><Period><AdaptationSet mimeTy'
        'pe="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>@TO@</BaseURL><SegmentL'
        'ist><Initialization sourceURL="@TO@"/><SegmentURL media="@TO@"/></SegmentList></Repr'
        "esentation></AdaptationSet></Period></MPD>"
    ),
    "xlink_mpd": (
        '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" xmlns:xlink="http://www.w3.org/1999/xlink'
        '"><Period xlink:href="@TO@"/></MPD>'
    ),
    "list_ffconcat": ("ffconcat version 1.0\nfile '@TO@'\n"),
    "list_txt": "file '@TO@'\n",
    "live_sdp": (
        "v=0\r\n"
        "o=- 0 0 IN IP4 127.0.0.1\r\n"
        "s=@TO@\r\n"
        "c=IN IP4 127.0.0.1\r\n"
        "t=0 0\r\n"
        "a=control:@TO@\r\n"
        "m=video @PORT@ RTP/AVP 96\r\n"
        "a=rtpmap:96 H264/90000\r\n"
    ),
    "list_asx": '<asx version="3.0"><entry><ref href="@TO@"/></entry></asx>',
    "list_pls": ("[playlist]\nFile1=@TO@\nNumberOfEntries=1\nVersion=2\n"),
    "list_ram": "@TO@\n",
    "ref_txt": ("[Reference]\r\nRef1=@TO@\r\n"),
    "text_rtsp": ("RTSPtext\r\n@TO@\r\n"),
    "text_qtl": (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<?quicktime type="application/x-quicktime-media-link"?><embed src="@TO@"/>'
    ),
    "list_smil": '<smil><body><video src="@TO@"/></body></smil>',
    "list_xspf": (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<playlist version="1" xmlns="http://xspf.org/ns/0/"><trackList><track><location>@TO@'
        "</location></track></trackList></playlist>"
    ),
    "picture_svg": (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"><'
        'image href="@TO@" xlink:href="@TO@" width="9" height="9"/></svg>'
    ),
    "entity_svg": (
        '<!DOCTYPE svg [<!ENTITY x SYSTEM "@TO@">]><svg xmlns="http://www.w3.org/2000/svg"><t'
        "ext>&x;</text></svg>"
    ),
    "imf_xml": (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016"><Id>urn:uui'
        "d:0eb3d1b9-b77b-4d3f-bbe5-7c69b15dca85</Id><SegmentList><Segment><SequenceList><Reso"
        "urce>@TO@</Resource></SequenceList></Segment></SegmentList></CompositionPlaylist>"
    ),
    "entity_xml": (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE a [<!ENTITY % x SYSTEM "@TO@"> %x;]><MPD>&x;</MPD>'
    ),
    "script_avs": 'DirectShowSource("@TO@")\n',
    "script_vpy": (
        'import vapoursynth as vs\nopen("@TO@").read()\nvs.core.ffms2.Source("@TO@").set_output()\n'
    ),
    "graph_lavfi": "movie=filename='@TO@'[out]\n",
    "subtitles_srt": ("1\n00:00:00,000 --> 00:00:01,000\n<img src='@TO@'/>@TO@\n"),
    "subtitles_ass": (
        "[Script Info]\n"
        "ScriptType: v4.00+\n"
        "Video File: @TO@\n"
        "Audio File: @TO@\n"
        "[Events]\n"
        "Dialogue: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,{\\1img(@TO@)}x\n"
    ),
    "subtitles_vtt": ("WEBVTT\n\nSTYLE\n@import url('@TO@');\n\n00:00.000 --> 00:01.000\n@TO@\n"),
    "subtitles_sub": ("{DEFAULT}{}{P:@TO@}\n{0}{25}@TO@\n"),
    "subtitles_idx": (
        "# VobSub index file, v7\nid: en, index: 0\ntimestamp: 00:00:00:000, filepos: 000000000\n# @TO@\n"
    ),
    "sheet_cue": ('FILE "@TO@" MP4\n  TRACK 01 AUDIO\n    INDEX 01 00:00:00\n'),
    "metadata_ffmeta": (";FFMETADATA1\ntitle=@TO@\n"),
    "bare_strm": "@TO@",
}
