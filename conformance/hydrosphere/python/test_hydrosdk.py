"""Drives the platform with the unmodified hydrosdk, as its users' notebooks do."""

import os
import tempfile
import unittest
from pathlib import Path

import numpy
import requests

# The SDK was written for numpy before 1.20, and uses names that newer ones have dropped.
for _name, _type in {"int": int, "float": float, "bool": bool, "object": object}.items():
    if _name not in vars(numpy):
        setattr(numpy, _name, _type)

from hydro_serving_grpc.serving.contract.tensor_pb2 import Tensor, TensorShape  # noqa: E402
from hydro_serving_grpc.serving.contract.types_pb2 import DT_DOUBLE  # noqa: E402
from hydro_serving_grpc.serving.runtime.api_pb2 import PredictRequest, PredictResponse  # noqa: E402
from hydrosdk.application import Application, ApplicationBuilder, ApplicationStatus, ExecutionStageBuilder  # noqa: E402
from hydrosdk.cluster import Cluster  # noqa: E402
from hydrosdk.data.types import PredictorDT  # noqa: E402
from hydrosdk.deployment_configuration import (  # noqa: E402
    Affinity,
    DeploymentConfiguration,
    DeploymentConfigurationBuilder,
    NodeAffinity,
    NodeSelector,
    NodeSelectorRequirement,
    NodeSelectorTerm,
)
from hydrosdk.exceptions import BadRequestException  # noqa: E402
from hydrosdk.image import DockerImage  # noqa: E402
from hydrosdk.modelversion import ModelVersion, ModelVersionBuilder, ModelVersionStatus, MonitoringConfiguration  # noqa: E402
from hydrosdk.monitoring import MetricSpec, MetricSpecConfig, ThresholdCmpOp  # noqa: E402
from hydrosdk.servable import Servable, ServableStatus  # noqa: E402
from hydrosdk.signature import ProfilingType, SignatureBuilder  # noqa: E402

from millrace_up import BUILT_IN, HERE, MillraceUp  # noqa: E402

up: MillraceUp
cluster: Cluster


def setUpModule():
    global up, cluster
    # The SDK leaves its archives in `.hs` of the working directory.
    folder = tempfile.mkdtemp(prefix="millrace-sdk-")
    os.chdir(folder)
    up = MillraceUp()
    cluster = Cluster(up.http, up.grpc, timeout=10)


def tearDownModule():
    cluster.channel.close()
    assert up.stop() == 0


def scale_signature():
    return (
        SignatureBuilder("scale")
        .with_input("xs", "float64", [-1, 2], ProfilingType.NUMERICAL)
        .with_input("factor", "float64", "scalar", ProfilingType.NUMERICAL)
        .with_input("words", "string", [-1], ProfilingType.TEXT)
        .with_output("total", "float64", "scalar", ProfilingType.NUMERICAL)
        .with_output("rows", "float64", [-1, 2], ProfilingType.NUMERICAL)
        .with_output("loud", "string", [-1], ProfilingType.TEXT)
        .build()
    )


def builder(name, model="scale", signature=None):
    return (
        ModelVersionBuilder(name, str(HERE / "models" / model))
        .with_runtime(DockerImage(name=BUILT_IN, tag="3.0.3"))
        .with_payload(["src/func_main.py"])
        .with_signature(signature or scale_signature())
    )


def released(name, **more):
    version = builder(name, **more).build(cluster)
    version.lock_till_released()
    return version


def application_of(name, version):
    stage = ExecutionStageBuilder().with_model_variant(version, 100).build()
    application = ApplicationBuilder(name).with_stage(stage).with_metadata("team", "a").build(cluster)
    return application.lock_while_starting()


class ClusterTest(unittest.TestCase):
    def test_connects_and_reads_build_information(self):
        """check 87: the cluster is reached over both protocols, and its parts say how they are"""
        info = cluster.build_info()
        for part in ("manager", "gateway", "monitoring"):
            self.assertEqual(info[part]["status"], "Ok", (part, info[part]))
        # What is not there says so.
        for part in ("rootcase", "visualization", "stat"):
            self.assertIn(info[part]["status"], ("Ok", "Not supported"), (part, info[part]))


class VersionTest(unittest.TestCase):
    def test_builds_and_waits(self):
        """check 88: a version is built and waited for"""
        version = (
            builder("built")
            .with_metadata({"author": "ann"})
            .with_monitoring_configuration(MonitoringConfiguration(50))
            .with_install_command("echo installed")
            .build(cluster)
        )
        version.lock_till_released()
        self.assertIs(version.status, ModelVersionStatus.Released)
        events = list(version.build_logs())
        self.assertIn("installed", [event.data for event in events])
        self.assertEqual(events[-1].event, "EndOfStream")

    def test_tells_of_a_failed_build(self):
        """check 88: a version whose install command fails is not waited for in vain"""
        version = builder("unbuilt").with_install_command("echo no; exit 4").build(cluster)
        with self.assertRaises(ModelVersion.ReleaseFailed):
            version.lock_till_released()

    def test_finds_what_was_uploaded(self):
        """check 89: however a version is found, it is the same, signature and profiles included"""
        made = released("found")
        by_name = ModelVersion.find(cluster, "found", 1)
        by_id = ModelVersion.find_by_id(cluster, made.id)
        (of_model,) = ModelVersion.find_by_model_name(cluster, "found")
        (listed,) = [version for version in ModelVersion.list(cluster) if version.id == made.id]
        for version in (by_name, by_id, of_model, listed):
            self.assertEqual(
                (version.id, version.name, version.version, version.status, version.runtime, version.metadata),
                (made.id, "found", 1, ModelVersionStatus.Released, DockerImage(name=BUILT_IN, tag="3.0.3"), {}),
            )
            self.assertEqual(version.signature, scale_signature())
            self.assertEqual(version.created, by_name.created)
        with self.assertRaises(BadRequestException):
            ModelVersion.find(cluster, "found", 2)

    def test_external_versions(self):
        """check 89: a version that runs elsewhere is found, too"""
        made = builder("elsewhere").build_external(cluster)
        found = ModelVersion.find(cluster, "elsewhere", 1)
        self.assertTrue(found.is_external)
        self.assertEqual((found.id, found.signature), (made.id, scale_signature()))


class ApplicationTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.version = released("asked")
        cls.application = application_of("asked-app", cls.version)

    def test_is_found(self):
        """check 90: an application is found by its name, and listed"""
        found = Application.find(cluster, "asked-app")
        self.assertEqual((found.status, found.metadata), (ApplicationStatus.READY, {"team": "a"}))
        self.assertIn("asked-app", [application.name for application in Application.list(cluster)])
        self.assertEqual(ModelVersion.find(cluster, "asked", 1).applications, ["asked-app"])

    def test_predicts_over_grpc(self):
        """check 90: predictions with arrays, numbers and lists, in each form of the answer"""
        predictor = self.application.predictor()
        rows = numpy.array([[1.5, 2.0], [3.0, 4.0]])
        answer = predictor.predict({"xs": rows, "factor": 2.0, "words": numpy.array(["a", "b"])})
        self.assertEqual(answer["total"], 21.0)
        self.assertEqual(answer["total"].dtype, numpy.float64)
        numpy.testing.assert_array_equal(answer["rows"], rows * 2)
        self.assertEqual(list(answer["loud"]), ["A", "B"])
        # Lists take type and shape, -1 included, from the signature.
        lists = self.application.predictor(PredictorDT.DICT_PYTHON).predict(
            {"xs": [[1.5, 2.0], [3.0, 4.0]], "factor": numpy.float64(1), "words": numpy.array(["a"])}
        )
        self.assertEqual((lists["total"], lists["rows"]), (10.5, [[1.5, 2.0], [3.0, 4.0]]))
        frame = self.application.predictor(PredictorDT.DF)
        self.assertIsNotNone(frame)

    def test_predicts_over_http(self):
        """check 90: the same over HTTP"""
        answer = requests.post(
            f"{up.http}/gateway/application/asked-app",
            json={"xs": [[1.5, 2]], "factor": 2, "words": ["a"]},
            timeout=60,
        )
        self.assertEqual(answer.json(), {"total": 7.0, "rows": [[3.0, 4.0]], "loud": ["A"]})

    def test_what_the_model_raises_arrives(self):
        """check 90: an error of the model arrives in words"""
        with self.assertRaisesRegex(Exception, r"ValueError\('a number is negative'\)"):
            self.application.predictor().predict(
                {"xs": numpy.array([[-1.0, 2.0]]), "factor": 2.0, "words": numpy.array(["a"])}
            )

    def test_is_deleted(self):
        """check 90: a deleted application is gone"""
        application_of("short-lived", self.version)
        Application.delete(cluster, "short-lived")
        with self.assertRaises(BadRequestException):
            Application.find(cluster, "short-lived")


class MonitoringTest(unittest.TestCase):
    def test_uploads_training_data(self):
        """check 93: training data is uploaded and waited for; a version without any says so"""
        signature = (
            SignatureBuilder("trained")
            .with_input("x", "float64", "scalar", ProfilingType.NUMERICAL)
            .with_output("y", "float64", "scalar", ProfilingType.NONE)
            .build()
        )
        Path("train.csv").write_text("x,y\n0,1\n10,2")
        version = (
            builder("trained", signature=signature)
            .with_training_data(str(Path("train.csv").resolve()))
            .build(cluster)
        )
        version.lock_till_released()
        status = f"{up.http}/monitoring/profiles/batch/{version.id}/status"
        self.assertEqual(requests.get(status).json()["kind"], "NotRegistered")
        version.upload_training_data().wait(retry=60, sleep=1)
        self.assertEqual(requests.get(status).json()["kind"], "Success")
        profile = requests.get(f"{up.http}/monitoring/profiles/{version.id}/x_0").json()
        quantiles = profile["training"]["NumericalProfile"]["quantileStatistics"]
        self.assertEqual((quantiles["min"], quantiles["max"]), (0, 10))
        unknown = requests.get(f"{up.http}/monitoring/profiles/batch/99999/status")
        self.assertTrue(unknown.status_code == 404 and unknown.json()["errors"])

    def test_analyses_what_ran_elsewhere(self):
        """check 93: what was asked of an external model, and what it answered or failed with, is kept"""
        signature = (
            SignatureBuilder("elsewhere")
            .with_input("x", "float64", "scalar", ProfilingType.NUMERICAL)
            .with_output("y", "float64", "scalar", ProfilingType.NUMERICAL)
            .build()
        )
        version = builder("analysed", signature=signature).build_external(cluster)

        def scalar(value):
            return Tensor(dtype=DT_DOUBLE, double_val=[value], tensor_shape=TensorShape())

        request = PredictRequest(inputs={"x": scalar(3.5)})
        version.analyze(request_id="theirs", request=request, response=PredictResponse(outputs={"y": scalar(7.0)}))
        version.analyze(request_id="failed", request=request, error="it broke")
        checks = []
        while len(checks) < 2:
            checks = requests.get(f"{up.http}/monitoring/checks/all/{version.id}").json()
        failed, kept = checks
        self.assertEqual((kept["x"], kept["y"], kept["_hs_request_id"]), (3.5, 7.0, "theirs"))
        self.assertEqual((failed["_hs_error"], failed["_hs_request_id"]), ("it broke", "failed"))
        self.assertNotIn("x", failed)


class ServableTest(unittest.TestCase):
    def test_from_deployment_to_deletion(self):
        """check 91: a servable is deployed with tags, asked with and without monitoring, read and deleted"""
        version = released("deployed")
        servable = Servable.create(cluster, "deployed", version.version, metadata={"tag": "blue"})
        servable.lock_while_starting()
        self.assertIs(servable.status, ServableStatus.SERVING)
        found = Servable.find_by_name(cluster, servable.name)
        self.assertEqual((found.meta, found.model_version_id), ({"tag": "blue"}, version.id))
        self.assertIn(servable.name, [each.name for each in Servable.list(cluster)])
        inputs = {"xs": numpy.array([[1.0, 2.0]]), "factor": 2.0, "words": numpy.array(["a"])}
        for monitorable in (True, False):
            self.assertEqual(servable.predictor(monitorable=monitorable).predict(inputs)["total"], 6.0)
        self.assertIn("scaling", "\n".join(event.data for event in servable.logs()))
        Servable.delete(cluster, servable.name)
        with self.assertRaises(BadRequestException):
            Servable.find_by_name(cluster, servable.name)


class ConfigurationTest(unittest.TestCase):
    def test_deployment_configurations(self):
        """check 92: a deployment configuration comes back as it went, affinity included, and can be deployed with"""
        term = NodeSelectorTerm(match_expressions=[NodeSelectorRequirement(key="disk", operator="In", values=["ssd"])])
        node = NodeAffinity(required_during_scheduling_ignored_during_execution=NodeSelector(node_selector_terms=[term]))
        made = (
            DeploymentConfigurationBuilder("whole")
            .with_hpa(max_replicas=4, min_replicas=2, target_cpu_utilization_percentage=80)
            .with_pod_node_selector({"disk": "ssd"})
            .with_affinity(Affinity(node_affinity=node))
            .with_resource_requirements(limits={"cpu": "2", "memory": "2G"}, requests={"cpu": "1", "memory": "1G"})
            .with_env({"COLOUR": "red"})
            .with_replicas(1)
            .with_toleration(effect="PreferNoSchedule", key="dedicated", toleration_seconds=30, operator="Exists")
            .build(cluster)
        )
        self.assertEqual(DeploymentConfiguration.find(cluster, "whole"), made)
        names = [configuration.name for configuration in DeploymentConfiguration.list(cluster)]
        self.assertIn("hydrosphere_manager_default", names)
        version = released("configured")
        servable = Servable.create(cluster, "configured", version.version, deployment_configuration=made)
        self.assertEqual(servable.deployment_configuration_name, "whole")
        servable.lock_while_starting()
        Servable.delete(cluster, servable.name)
        DeploymentConfiguration.delete(cluster, "whole")
        with self.assertRaises(BadRequestException):
            DeploymentConfiguration.find(cluster, "whole")

    def test_metric_specifications(self):
        """check 92: a metric specification comes back as it went, and metrics are assigned"""
        version = released("measured")
        signature = SignatureBuilder("value")
        for field in [*scale_signature().inputs, *scale_signature().outputs]:
            shape = list(field.shape.dims) or "scalar"
            signature = signature.with_input(field.name, "float64" if field.dtype == DT_DOUBLE else "string", shape, ProfilingType.NONE)
        metric = released("metric", model="metric", signature=signature.with_output("value", "float64", "scalar", ProfilingType.NONE).build())
        made = MetricSpec.create(
            cluster, "outlier", version.id, MetricSpecConfig(metric.id, 0.97, ThresholdCmpOp.LESS)
        )
        found = MetricSpec.find_by_id(cluster, made.id)
        self.assertEqual(
            (found.name, found.modelversion_id, found.config.modelversion_id, found.config.threshold, found.config.threshold_op),
            ("outlier", version.id, metric.id, 0.97, "Less"),
        )
        self.assertEqual([spec.id for spec in MetricSpec.find_by_modelversion(cluster, version.id)], [made.id])
        MetricSpec.delete(cluster, made.id)
        self.assertEqual(MetricSpec.find_by_modelversion(cluster, version.id), [])
        version.assign_metrics([metric.as_metric(10, ThresholdCmpOp.GREATER_EQ)])
        (assigned,) = MetricSpec.find_by_modelversion(cluster, version.id)
        self.assertEqual((assigned.name, assigned.config.threshold), ("metric", 10))
        MetricSpec.delete(cluster, assigned.id)


if __name__ == "__main__":
    unittest.main()
