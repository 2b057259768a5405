"""Parts of the support for func_main.py, on their own. Run by python-parts.test.ts."""

import os
import tempfile
import unittest

import numpy as np
from millrace_func_main.arrays import from_value, to_array
from millrace_func_main.data_types import BY_DATATYPE
from millrace_func_main.declared import fit
from millrace_func_main.generation import decide_generation
from millrace_func_main.messages import Unconvertible, from_message, offer_messages, to_message
from millrace_host.adapter import ServingError, Tensor

offer_messages()

import hydro_serving_grpc as hs  # noqa: E402
from hydro_serving_grpc.serving.contract.tensor_pb2 import Tensor as NewTensor  # noqa: E402
from hydro_serving_grpc.serving.contract.tensor_pb2 import TensorShape  # noqa: E402


def extremes(datatype):
    dtype = BY_DATATYPE[datatype].dtype
    if dtype is None:
        return [b"", "größer".encode(), b"\0"]
    if dtype.kind == "b":
        return np.array([True, False])
    info = np.finfo(dtype) if dtype.kind == "f" else np.iinfo(dtype)
    return np.array([info.min, 0, 1, info.max], dtype)


class Messages(unittest.TestCase):
    def test_every_datatype_comes_back_as_it_was(self):
        for datatype in BY_DATATYPE:
            data = extremes(datatype)
            back = from_message("x", to_message(Tensor("x", datatype, [1, len(data)], data)))
            self.assertEqual((back.datatype, back.shape), (datatype, [1, len(data)]))
            self.assertEqual(list(back.data), list(data), datatype)

    def test_a_scalar_has_a_shape_and_an_unknown_shape_has_none(self):
        scalar = to_message(Tensor("x", "FP32", [], np.float32(1.5)))
        self.assertTrue(scalar.HasField("tensor_shape"))
        self.assertEqual(from_message("x", scalar).shape, [])
        self.assertFalse(hs.TensorProto(dtype=hs.DT_FLOAT, float_val=[1]).HasField("tensor_shape"))

    def test_messages_of_the_third_generation_are_read_as_well(self):
        message = NewTensor(dtype=2, double_val=[1, 2, 3, 4], tensor_shape=TensorShape(dims=[-1, 2]))
        self.assertEqual(from_value("y", message).shape, [2, 2])
        message = NewTensor(dtype=3, binary_val=np.int32([7, 8]).tobytes(), tensor_shape=TensorShape(dims=[2]))
        self.assertEqual(list(from_value("y", message).data), [7, 8])

    def test_values_that_do_not_fill_the_shape_are_refused(self):
        for sizes in ([3], [-1, 3], [-1, -1], [-2], [0, -1], [2**40, 2**40]):
            dims = [hs.TensorShapeProto.Dim(size=size) for size in sizes]
            message = hs.TensorProto(dtype=hs.DT_INT32, int_val=[1, 2], tensor_shape=hs.TensorShapeProto(dim=dims))
            with self.assertRaisesRegex(Unconvertible, "output 'y' has shape"):
                from_message("y", message)

    def test_values_that_are_none_of_the_datatype_are_refused(self):
        for message in (
            hs.TensorProto(dtype=hs.DT_UINT8, int_val=[300]),
            hs.TensorProto(dtype=hs.DT_INT8, int_val=[-129]),
            hs.TensorProto(dtype=hs.DT_FLOAT, tensor_content=b"abc"),
        ):
            with self.assertRaisesRegex(Unconvertible, "output 'y' has"):
                from_message("y", message)

    def test_fields_are_checked_as_protobuf_checks_them(self):
        tensor = hs.TensorProto()
        for field, value, error in (
            ("double_val", "x", TypeError),
            ("string_val", "x", TypeError),
            ("int_val", 1.0, TypeError),
            ("int_val", 2**31, ValueError),
            ("uint32_val", -1, ValueError),
            ("double_val", np.array([[1.0]]), TypeError),
        ):
            with self.assertRaises(error, msg=field):
                getattr(tensor, field).append(value)
        with self.assertRaises(AttributeError):
            tensor.tensor_shape = hs.TensorShapeProto()
        with self.assertRaises(AttributeError):
            tensor.dtyp = 1
        with self.assertRaises(ValueError):
            hs.TensorProto(dtyp=1)
        with self.assertRaises(ValueError):
            hs.PredictResponse().outputs["y"] = tensor
        with self.assertRaisesRegex(NotImplementedError, "install hydro-serving-grpc"):
            tensor.SerializeToString()
        self.assertEqual(hs.TensorProto(float_val=[0.1]).float_val[0], float(np.float32(0.1)))
        self.assertEqual((hs.DataType.Name(hs.DT_DOUBLE), hs.DataType.Value("DT_MAP")), ("DT_DOUBLE", 27))


class Declared(unittest.TestCase):
    def fitted(self, values, dtype, declared):
        array = np.array(values, dtype)
        datatype = next(name for name, kind in BY_DATATYPE.items() if kind.dtype == array.dtype)
        return fit(Tensor("y", datatype, [len(values)], array), declared)

    def test_what_fits_is_converted(self):
        for values, dtype, declared in (
            ([1.1, np.inf, -np.inf], "f8", "FP32"),
            ([1, -128, 127], "i8", "INT8"),
            ([0, 2**32 - 1], "i8", "UINT32"),
            ([2**24, -(2**24)], "i8", "FP32"),
            ([2**53], "u8", "FP64"),
            ([True, False], "?", "INT64"),
            ([True, False], "?", "FP16"),
            ([], "f8", "FP32"),
        ):
            goal = BY_DATATYPE[declared].dtype
            fitted = self.fitted(values, dtype, declared)
            self.assertEqual((fitted.datatype, fitted.data.dtype), (declared, goal))
            self.assertEqual(list(fitted.data), list(np.array(values, dtype).astype(goal)))
        self.assertTrue(np.isnan(self.fitted([np.nan], "f8", "FP32").data[0]))

    def test_what_does_not_fit_is_refused_with_its_value(self):
        for values, dtype, declared, text in (
            ([1, 1e39], "f8", "FP32", "the value 1e\\+39 does not fit"),
            ([0, 128], "i8", "INT8", "the value 128 does not fit"),
            ([-1], "i8", "UINT64", "the value -1 does not fit"),
            ([2**63], "u8", "INT64", "9223372036854775808 does not fit"),
            ([2**24 + 1], "i8", "FP32", "16777217 does not fit"),
            ([-(2**63)], "i8", "FP64", "-9223372036854775808 does not fit"),
            ([1.0], "f8", "INT32", "convert it yourself, with np.asarray\\(value, dtype=np.int32\\)"),
            ([1], "i8", "BOOL", "convert it yourself"),
            ([1], "i8", "BYTES", "numbers and text are not converted"),
        ):
            with self.assertRaisesRegex(Unconvertible, text):
                self.fitted(values, dtype, declared)


class Arrays(unittest.TestCase):
    def test_scalars_and_text(self):
        self.assertEqual(to_array(Tensor("x", "BYTES", [], [b"a"])), "a")
        self.assertEqual(to_array(Tensor("x", "BYTES", [2, 1], [b"a", b"bc"])).tolist(), [["a"], ["bc"]])
        with self.assertRaisesRegex(ServingError, "not UTF-8"):
            to_array(Tensor("x", "BYTES", [1], [b"\xff"]))
        self.assertEqual([from_value("y", "größer").data, from_value("y", "größer").shape], [["größer".encode()], []])

    def test_what_is_no_tensor_is_refused(self):
        for value in (None, {}, object(), 1j, [[1], [1, 2]], np.array(["a", 1], object)):
            with self.assertRaises(Unconvertible):
                from_value("y", value)


class Generations(unittest.TestCase):
    def decided(self, source, **extra):
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "func_main.py")
            with open(file, "w") as out:
                out.write(source)
            generation = decide_generation(file, extra)
            return generation.name, generation.arguments

    def test_the_code_shows_it(self):
        for source, expected in (
            ("import hydro_serving_grpc as hs", ("G2", "tensors")),
            ("from hydro_serving_grpc.tf.tensor_pb2 import TensorProto", ("G2", "tensors")),
            ("from hydro_serving_grpc.serving.contract import tensor_pb2", ("G3", "arrays")),
            ("from hydro_serving_grpc import serving", ("G3", "arrays")),
            ("def f(x): return x.double_val[0]", ("G2", "tensors")),
            ("import numpy as np\ndef f(x): return {'y': np.sum(x)}", ("G3", "arrays")),
        ):
            self.assertEqual(self.decided(source), expected, source)

    def test_settings_go_before_it(self):
        self.assertEqual(self.decided("", generation="G1"), ("G1", "tensors"))
        self.assertEqual(self.decided("", generation="G2"), ("G2", "arrays"))
        self.assertEqual(self.decided("", generation="G2", arguments="tensors"), ("G2", "tensors"))
        self.assertEqual(self.decided("", arguments="tensors"), ("G2", "tensors"))

    def test_deep_code_is_no_crash(self):
        with self.assertRaisesRegex(ServingError, "import error"):
            self.decided("x = " + "(" * 100_000)


if __name__ == "__main__":
    unittest.main()
