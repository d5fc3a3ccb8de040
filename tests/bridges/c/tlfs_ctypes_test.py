"""The C ABI from another language: Python through ctypes, with callbacks from threads that Python did not make.

Usage: tlfs_ctypes_test.py LIBRARY
"""

import ctypes
import json
import queue
import sys
import threading
import unittest

ZERO_TERMINATED = ctypes.c_size_t(-1).value
SNAPSHOT, PATCHES, COMMITTED = 1, 2, 5
SCHEMA = b"todo { 0.1.0 { .: Struct  .title: MVReg<String>  .votes: Counter } }"


class Event(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("kind", ctypes.c_int32), ("from_", ctypes.c_uint64), ("to", ctypes.c_uint64),
                ("durable", ctypes.c_uint64), ("json", ctypes.c_char_p), ("json_length", ctypes.c_size_t),
                ("error", ctypes.c_void_p)]


Callback = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.POINTER(Event))
Id = ctypes.c_uint8 * 32
library = ctypes.CDLL(sys.argv.pop(1))
POINTERS = ["tlfs_schema_compile", "tlfs_options_create", "tlfs_node_open", "tlfs_transaction_create", "tlfs_subscribe"]
for name in POINTERS:
    getattr(library, name).restype = ctypes.c_void_p
for name in ["tlfs_document_create", "tlfs_document_read", "tlfs_document_patch", "tlfs_transaction_commit"]:
    getattr(library, name).restype = ctypes.c_bool
library.tlfs_error_message.restype = ctypes.c_char_p


def handle(value):
    return ctypes.c_void_p(value)


def text(value):
    return value, ctypes.c_size_t(len(value))


class Ctypes(unittest.TestCase):
    def setUp(self):
        error = ctypes.c_void_p()
        schema = library.tlfs_schema_compile(*text(SCHEMA), None, ctypes.c_size_t(0), ctypes.byref(error))
        options = library.tlfs_options_create()
        library.tlfs_options_set_log_level(handle(options), b"off", ctypes.c_size_t(ZERO_TERMINATED))
        self.node = handle(library.tlfs_node_open(handle(options), ctypes.byref(error)))
        library.tlfs_options_destroy(handle(options))
        self.id = Id()
        self.assertTrue(library.tlfs_document_create(self.node, handle(schema), *text(b"list"), self.id, None))
        library.tlfs_schema_destroy(handle(schema))
        self.addCleanup(library.tlfs_node_close, self.node)

    def read(self):
        out, length = ctypes.c_void_p(), ctypes.c_size_t()
        self.assertTrue(library.tlfs_document_read(self.node, self.id, *text(b"."), ctypes.byref(out),
                                                   ctypes.byref(length), None, None))
        value = json.loads(ctypes.string_at(out, length.value))
        library.tlfs_free(out)
        return value

    def test_a_callback_comes_from_a_thread_of_the_node_and_may_write(self):
        told = queue.Queue()
        node, document = self.node, self.id

        def on_event(_, event):
            event = event.contents
            value = json.loads(ctypes.string_at(event.json, event.json_length)) if event.json else None
            told.put((event.kind, value, threading.get_ident()))
            if event.kind == SNAPSHOT:
                transaction = handle(library.tlfs_transaction_create(node, document))
                library.tlfs_increment(transaction, *text(b".votes"), ctypes.c_int64(5))
                library.tlfs_transaction_submit(transaction, callback, None)
                library.tlfs_transaction_destroy(transaction)

        callback = Callback(on_event)
        subscription = library.tlfs_subscribe(self.node, self.id, *text(b"."), ctypes.c_bool(False), callback, None, None)
        self.assertIsNotNone(subscription)
        first = told.get(timeout=10)
        self.assertEqual(first[:2], (SNAPSHOT, {"title": None, "votes": 0}))
        self.assertNotEqual(first[2], threading.get_ident())
        kinds = {told.get(timeout=10)[0], told.get(timeout=10)[0]}
        self.assertEqual(kinds, {PATCHES, COMMITTED})
        # The lock of the interpreter is released meanwhile, so that a callback under way can end.
        library.tlfs_subscription_destroy(handle(subscription))
        self.assertEqual(self.read()["votes"], 5)

    def test_an_error_is_a_sentence(self):
        error = ctypes.c_void_p()
        self.assertFalse(library.tlfs_document_patch(self.node, self.id, *text(b"[{}]"), None, ctypes.byref(error)))
        self.assertTrue(library.tlfs_error_message(error))
        library.tlfs_error_destroy(error)


if __name__ == "__main__":
    unittest.main()
