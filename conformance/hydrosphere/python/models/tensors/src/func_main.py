"""A model of the first generations: tensors in, a PredictResponse out."""
import hydro_serving_grpc as hs


def scale(xs):
    return _total(xs, 1)


def triple(xs):
    return _total(xs, 3)


def _total(xs, factor):
    total = hs.TensorProto(
        dtype=hs.DT_DOUBLE,
        tensor_shape=hs.TensorShapeProto(),
        double_val=[factor * sum(xs.double_val)],
    )
    return hs.PredictResponse(outputs={"total": total})
