"""`setup --service`: the files that let `serve` run by itself, with the paths of this machine, and the commands that switch it on."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path
from typing import Any, Literal
from xml.sax.saxutils import escape

from automations.config import Reader
from automations.declarations import SettingsFile
from automations.errors import OutsideFailed
from automations.model import Words

Kind = Literal["systemd", "docker", "windows"]
FILES: Mapping[str, str] = {"systemd": "rowkeeper.service", "windows": "windows-task.xml"}
"""What is filled in; the Dockerfile stands in config/service as it is used."""
KEPT_OUTSIDE = ("config", "state", "outbox", "forms", "papers")
"""The folders of a container that outlive it: what people write, and what the program does."""
IN_DOCKER = "\n".join(
    [
        "  docker build -f config/service/Dockerfile -t rowkeeper .",
        f"  mkdir -p {' '.join(KEPT_OUTSIDE[1:])}",
        f"  sudo chown -R 10001 {' '.join(KEPT_OUTSIDE[1:])}",
        "  docker run -d --name rowkeeper --restart unless-stopped --stop-timeout 300 "
        + " ".join(f'-v "{{root}}/{name}:/rowkeeper/{name}"' for name in KEPT_OUTSIDE)
        + " rowkeeper",
    ]
)
SWITCHED_ON: Mapping[str, Words] = {
    "systemd": {
        "zh": "已写好 {file}。装上并启动：\n"
        "  sudo cp {file} /etc/systemd/system/\n  sudo systemctl daemon-reload\n  sudo systemctl enable --now rowkeeper\n"
        "看日志：journalctl -u rowkeeper -f；停下：sudo systemctl stop rowkeeper",
        "en": "Wrote {file}. To install and start it:\n"
        "  sudo cp {file} /etc/systemd/system/\n  sudo systemctl daemon-reload\n  sudo systemctl enable --now rowkeeper\n"
        "Its log: journalctl -u rowkeeper -f; to stop it: sudo systemctl stop rowkeeper",
    },
    "docker": {
        "zh": f"在项目文件夹里：\n{IN_DOCKER}\n"
        "看日志：docker logs -f rowkeeper；看情况：docker exec rowkeeper python runner.py status；停下：docker stop rowkeeper\n"
        "程序以 10001 号用户的身份运行，只往 chown 过的几个文件夹里写。表格是 .xlsx 文件时，请单独放进一个文件夹"
        '（例如 tables，设置里写 path: tables/台账.xlsx），同样 chown，命令里再加上 -v "{root}/tables:/rowkeeper/tables"。',
        "en": f"In the project folder:\n{IN_DOCKER}\n"
        "Its log: docker logs -f rowkeeper; how it stands: docker exec rowkeeper python runner.py status; "
        "to stop it: docker stop rowkeeper\n"
        "It runs as user number 10001 and writes only the folders of chown. A workbook that is an .xlsx file goes into a folder of its own "
        '(for example tables, with path: tables/book.xlsx in the settings), chowned too, and with -v "{root}/tables:/rowkeeper/tables".',
    },
    "windows": {
        "zh": "已写好 {file}。用管理员身份打开命令提示符，装上并启动：\n"
        '  schtasks /Create /TN Rowkeeper /XML "{file}" /RU {user} /RP *\n  schtasks /Run /TN Rowkeeper\n'
        "停下：schtasks /End /TN Rowkeeper",
        "en": "Wrote {file}. In a command prompt opened as administrator, to install and start it:\n"
        '  schtasks /Create /TN Rowkeeper /XML "{file}" /RU {user} /RP *\n  schtasks /Run /TN Rowkeeper\n'
        "To stop it: schtasks /End /TN Rowkeeper",
    },
}


@dataclass(frozen=True)
class ServiceFiles:
    """The file that was written, if any, and what to do with it."""

    file: Path | None
    said: str

    def data(self) -> dict[str, Any]:
        """`{"file"}`."""
        return {"file": str(self.file) if self.file else None}

    def text(self) -> str:
        """The commands that switch it on."""
        return self.said


def service_files(root: Path, kind: Kind, user: str = "", python: str = sys.executable) -> ServiceFiles:
    """Fill in the file of this kind for this folder, this Python and the user who runs it. Raises OutsideFailed."""
    root, user = root.resolve(), user or getuser()
    settings = Reader(root).read(SettingsFile, root / "config" / "settings.yaml")
    language = settings[0].language if settings else "zh"
    file = _filled(root, FILES[kind], {"root": str(root), "user": user, "python": python}) if kind in FILES else None
    return ServiceFiles(file, SWITCHED_ON[kind][language].format(file=file, root=root, user=user))


def _filled(root: Path, name: str, facts: Mapping[str, str]) -> Path:
    """A file of config/service with its fields filled in, under state/service."""
    windows = name.endswith(".xml")
    text = (root / "config" / "service" / name).read_text(encoding="utf-8")
    for field, value in facts.items():
        text = text.replace(f"{{{field}}}", escape(value) if windows else value)
    file = root / "state" / "service" / name
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-16" if windows else "utf-8")
    except OSError as error:
        raise OutsideFailed(f"{file}: {error.strerror or error}; allow writing to {file.parent}") from error
    return file
