"""Every app that a stranger wrote runs unmodified from its own template, and holds its conversation."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support.chat.conversation import hold, load_conversation
from support.node_packages import with_packages
from support.serving import serving

CONVERSATIONS = sorted(Path(__file__).parent.glob("*/conversation.json"))


@pytest.mark.parametrize("file", CONVERSATIONS, ids=lambda file: file.parent.name)
async def test_its_conversation_holds(file: Path, tmp_path: Path):
    conversation = load_conversation(file)
    if conversation.needs is not None and shutil.which(conversation.needs) is None:
        pytest.skip(f"needs {conversation.needs}")
    source = conversation.source
    if (conversation.folder / "package.json").exists():
        source = with_packages(conversation.folder, tmp_path) / conversation.serve
    parameters = [f"--parameter={name}={value}" for name, value in conversation.parameters.items()]
    with serving(tmp_path, str(source), "--ephemeral", "--verbose", *parameters) as served:
        try:
            await hold(conversation, served.addresses["endpoint"].replace("http", "ws", 1))
        except AssertionError as error:
            served.stop()
            raise AssertionError(f"{error}\n\nserve said:\n{served.output}") from None
        assert served.stop() == 0
