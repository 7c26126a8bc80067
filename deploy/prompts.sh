#!/bin/sh
# Fetches the English voice and the music on hold that Debian packages into FOLDER/en, without installing anything and
# without cargo: for a machine that only runs the server, and for the image. Needs apt-get and dpkg-deb (Debian, Ubuntu).
#
#   sh deploy/prompts.sh /usr/share/strowger/prompts        then media.prompts = "/usr/share/strowger/prompts"
#
# Both are under CC BY-SA 3.0. Their attribution is written beside them, and has to stay there when they are handed on.
set -eu
[ $# -eq 1 ] || { sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2; }
voice=asterisk-core-sounds-en-wav
music=asterisk-moh-opsound-wav
mkdir -p "$1"
folder=$(cd "$1" && pwd)
if [ -f "$folder/en/digits/1.wav" ] && [ -f "$folder/en/moh/default.wav" ]; then
    echo "the English prompts are in $folder/en already"
    exit 0
fi
work=$(mktemp -d "$folder/.fetched.XXXXXX")
trap 'rm -rf "$work"' EXIT

# The sounds of a package as it is installed, else downloaded and unpacked.
unpacked() { # package, where it puts its sounds
    if [ -d "/$2" ]; then
        echo "/$2"
        return
    fi
    # _apt may not write to folders of root.
    (cd "$work" && apt-get -q -o Acquire::Retries=5 -o APT::Sandbox::User=root download "$1" >&2)
    dpkg-deb -x "$work/$1"_*.deb "$work/$1"
    echo "$work/$1/$2"
}
from=$(unpacked $voice usr/share/asterisk/sounds/en_US_f_Allison)
moh=$(unpacked $music usr/share/asterisk/moh)

mkdir -p "$work/en/moh"
# Prompts have no capitals in their names: vm-INBOX is vm-inbox here.
(cd "$from" && find . -name '*.wav') | while read -r file; do
    to=$work/en/$(echo "$file" | tr '[:upper:]' '[:lower:]')
    mkdir -p "$(dirname "$to")"
    cp "$from/$file" "$to"
done
for file in "$moh"/*.wav; do cp "$file" "$work/en/moh/$(basename "$file" | tr '[:upper:]' '[:lower:]')"; done
cp "$work/en/moh/macroform-the_simplicity.wav" "$work/en/moh/default.wav"

cat >"$work/en/LICENCE" <<'TEXT'
The voice prompts are "asterisk-core-sounds", © 2003–2010 Allison Smith (http://www.theivrvoice.com), recorded for
Asterisk with financial contributions by Digium, Inc. (http://www.digium.com), under CC BY-SA 3.0
(https://creativecommons.org/licenses/by-sa/3.0/). Names of files are in small letters here; nothing else was changed.
Whoever hands them on has to keep this text beside them.
TEXT
cat >"$work/en/moh/LICENCE" <<'TEXT'
The music on hold is "macroform-cold_day", "macroform-robot_dity" and "macroform-the_simplicity", © 2009 Paul Shuler
(Macroform, http://macroform.bandcamp.com/); "manolo_camp-morning_coffee", © 2009 Manolo Camp
(http://ccmixter.org/people/ManoloCamp); "reno_project-system", © 2008 Reno Project
(http://www.jamendo.com/en/album/23661); all under CC BY-SA 3.0 (https://creativecommons.org/licenses/by-sa/3.0/).
"default" is one of them under another name; nothing else was changed. Whoever hands them on has to keep this text beside
them.
TEXT
chmod -R u=rwX,go=rX "$work/en"
rm -rf "$folder/en"
mv "$work/en" "$folder/en"
echo "$(find "$folder/en" -name '*.wav' | wc -l) files in $folder/en, under CC BY-SA 3.0 (LICENCE beside them)"
