metadata description = 'An AKS cluster as a compute of the workspace, with the instance type that runs ask for. The cluster has the extension of Azure Machine Learning already.'

@description('Azure region, that of the workspace.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the workspace.')
param workspaceName string

@description('Name of the compute, as runs name it.')
@minLength(3)
@maxLength(16)
param name string = 'kubernetes'

@description('Resource ID of the AKS cluster.')
param clusterId string

@description('Resource ID of the identity that runs have, the only one of this compute.')
param identityId string

@description('Namespace of the runs. It has to exist: attaching neither makes it nor looks for it.')
param namespace string = 'default'

@description('Name of the instance type.')
param instanceType string = 'gpu'

@description('Labels of the nodes that runs may use.')
param nodeLabels object

@description('Cores of one run.')
param cpu string

@description('Memory of one run.')
param memory string

@description('GPUs of one run.')
@minValue(1)
param gpus int = 1

resource workspace 'Microsoft.MachineLearningServices/workspaces@2025-12-01' existing = {
  name: workspaceName
}

resource compute 'Microsoft.MachineLearningServices/workspaces/computes@2025-12-01' = {
  parent: workspace
  name: name
  location: location
  tags: tags
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    computeType: 'Kubernetes'
    resourceId: clusterId
    description: 'Paints batches of frames on AKS'
    properties: {
      namespace: namespace
      defaultInstanceType: instanceType
      instanceTypes: {
        '${instanceType}': {
          nodeSelector: nodeLabels
          resources: {
            requests: {
              cpu: cpu
              memory: memory
            }
            limits: {
              cpu: cpu
              memory: memory
              'nvidia.com/gpu': string(gpus)
            }
          }
        }
      }
    }
  }
}

@description('Name of the compute.')
output name string = compute.name
