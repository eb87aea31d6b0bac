import unittest

import pytest
from app import ROUTES

from pingbox.testing import Emulator, table


class UnderPytest(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _clients(self, ws):
        self.ws = ws

    def test_hears_itself(self):
        ana = self.ws.connect()
        ana.send_json({"action": "sendMessage", "text": "hi"})
        ana.expect(text="hi")


class OnItsOwn(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.emulator = Emulator(ROUTES, tables=[table("people", "id")]).start()
        self.addCleanup(self.emulator.stop)

    async def test_hears_itself(self):
        ana = await self.emulator.as_async().ws.connect()
        await ana.send_json({"action": "sendMessage", "text": "hi"})
        await ana.expect(text="hi")
