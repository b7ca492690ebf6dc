metadata description = 'Azure Machine Learning: vault, registry and workspace, and where runs go, which is to clusters of the workspace or to an AKS cluster instead of them. With AKS the workspace needs no GPU quota of its own.'

import { identity } from 'identities.bicep'
import { assignment } from 'roles.bicep'

@description('Azure region, that of the workspace.')
param location string

@description('Tags of every resource.')
param tags object

@description('What the name of an AKS cluster ends with.')
param suffix string

@description('Name of the key vault.')
param vaultName string

@description('Name of the container registry.')
param registryName string

@description('Name of the workspace.')
param workspaceName string

@description('How the workspace opens its own account: by identities or by its keys.')
@allowed(['identity', 'accesskey'])
param authMode string

@description('Resource ID of the workspace\'s own account.')
param opsAccountId string

@description('Name of the account of the videos.')
param dataAccountName string

@description('Resource ID of Application Insights.')
param appInsightsId string

@description('Resource ID of the Log Analytics workspace.')
param logAnalyticsId string

@description('Object ID of who submits runs.')
param submitterPrincipalId string

@description('Identity of the nodes.')
param nodes identity

@description('Identity that builds the image of the nodes where the registry is private; empty texts where it is not.')
param builder identity

@description('Docker image of the nodes; empty builds one.')
param scoringImage string = ''

@description('Size of the GPU nodes.')
param vmSize string

@description('LowPriority nodes cost less and may be taken away at any time.')
@allowed(['Dedicated', 'LowPriority'])
param vmPriority string

@description('Most GPU nodes.')
param maxNodes int

@description('Seconds for which a node without work is kept.')
param idleSeconds int

@description('Most nodes of a second cluster, for what was taken away from low-priority nodes too often; 0 for none.')
param dedicatedMaxNodes int = 0

@description('Use an AKS cluster instead.')
param useAks bool = false

@description('Close vault, registry and workspace to the internet; nodes have no public address.')
param isPrivate bool = false

@description('Size of the nodes that build images where the registry is private and cannot build by itself.')
param buildVmSize string = 'Standard_D4s_v3'

@description('Resource ID of the subnet of AKS nodes; empty for a network of their own.')
param subnetId string = ''

@description('Keep the images in several zones of the region.')
param zoneRedundant bool = false

@description('Make the role assignments. Without it they are only told.')
param assignRoles bool = true

var useDedicated = !useAks && dedicatedMaxNodes > 0 && vmPriority == 'LowPriority'

module vault 'keyVault.bicep' = {
  name: 'key-vault'
  params: {
    location: location
    tags: tags
    name: vaultName
    isPrivate: isPrivate
    logAnalyticsId: logAnalyticsId
  }
}

module registry 'registry.bicep' = {
  name: 'registry'
  params: {
    location: location
    tags: tags
    name: registryName
    isPrivate: isPrivate
    zoneRedundant: zoneRedundant
    logAnalyticsId: logAnalyticsId
    pullPrincipalId: nodes.principalId
    pushPrincipalId: builder.principalId
    assignRoles: assignRoles
  }
}

module workspace 'workspace.bicep' = {
  name: 'workspace'
  params: {
    location: location
    tags: tags
    workspaceName: workspaceName
    keyVaultId: vault.outputs.id
    registryId: registry.outputs.id
    storageAccountId: opsAccountId
    dataAccountName: dataAccountName
    appInsightsId: appInsightsId
    logAnalyticsId: logAnalyticsId
    isPrivate: isPrivate
    authMode: authMode
    imageBuildCompute: isPrivate ? 'image-build' : ''
    submitterPrincipalId: submitterPrincipalId
    assignRoles: assignRoles
  }
}

// One cluster after the other: in a private workspace the first one makes the managed network, for half an hour.
module gpu 'gpuCluster.bicep' = if (!useAks) {
  name: 'cluster-gpu'
  params: {
    location: location
    tags: tags
    workspaceName: workspace.outputs.workspaceName
    name: 'gpu'
    vmSize: vmSize
    vmPriority: vmPriority
    maxNodes: maxNodes
    idleSeconds: idleSeconds
    identityId: nodes.id
    isPrivate: isPrivate
  }
}

module dedicated 'gpuCluster.bicep' = if (useDedicated) {
  name: 'cluster-gpu-dedicated'
  params: {
    location: location
    tags: tags
    workspaceName: workspace.outputs.workspaceName
    name: 'gpu-dedicated'
    purpose: 'Paints what was taken away from the other cluster too often'
    vmSize: vmSize
    vmPriority: 'Dedicated'
    maxNodes: max(dedicatedMaxNodes, 1)
    idleSeconds: idleSeconds
    identityId: nodes.id
    isPrivate: isPrivate
  }
  dependsOn: [
    gpu
  ]
}

module imageBuild 'gpuCluster.bicep' = if (isPrivate) {
  name: 'cluster-image-build'
  params: {
    location: location
    tags: tags
    workspaceName: workspace.outputs.workspaceName
    name: 'image-build'
    purpose: 'Builds the image of the nodes'
    vmSize: buildVmSize
    vmPriority: 'Dedicated'
    maxNodes: 1
    idleSeconds: 120
    identityId: builder.id
    isPrivate: isPrivate
  }
  dependsOn: [
    gpu
    dedicated
  ]
}

module kubernetes 'kubernetes.bicep' = if (useAks) {
  name: 'kubernetes'
  params: {
    location: location
    tags: tags
    name: 'aks-${suffix}'
    workspaceName: workspace.outputs.workspaceName
    gpuVmSize: vmSize
    maxNodes: maxNodes
    scoringIdentityId: nodes.id
    isPrivate: isPrivate
    subnetId: subnetId
    logAnalyticsId: logAnalyticsId
    assignRoles: assignRoles
  }
}

@description('Resource ID of the key vault.')
output vaultId string = vault.outputs.id

@description('Resource ID of the container registry.')
output registryId string = registry.outputs.id

@description('Resource ID of the workspace.')
output workspaceId string = workspace.outputs.workspaceId

@description('Settings of the app that tell it where and how to submit runs.')
output settings object = {
  REELBRUSH_BACKEND: authMode == 'accesskey' ? 'azureml' : 'azureml-v2'
  REELBRUSH_WORKSPACE: workspace.outputs.workspaceId
  REELBRUSH_CLUSTER: useAks ? kubernetes!.outputs.computeName : gpu!.outputs.name
  REELBRUSH_DEDICATED_CLUSTER: useDedicated ? dedicated!.outputs.name : ''
  REELBRUSH_NODES: string(maxNodes)
  REELBRUSH_INSTANCE_TYPE: useAks ? 'gpu' : ''
  REELBRUSH_SCORING_IDENTITY: useAks ? '' : nodes.clientId
  REELBRUSH_IMAGE: scoringImage
  REELBRUSH_VM_SIZE: vmSize
  REELBRUSH_VM_PRIORITY: useAks ? 'dedicated' : toLower(vmPriority)
}

@description('Every assignment, made or not.')
output assignments assignment[] = concat(
  registry.outputs.assignments,
  workspace.outputs.assignments,
  useAks ? kubernetes!.outputs.assignments : []
)
